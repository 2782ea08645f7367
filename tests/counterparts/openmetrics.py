"""Reads a page of metrics on standard input with prometheus_client's strict parser of OpenMetrics, and writes it as JSON:
a list of families with their samples. Fails where the page is not as the format wants it."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = []
for family in text_string_to_metric_families(sys.stdin.read()):
    samples = [{"name": sample.name, "labels": sample.labels, "value": sample.value} for sample in family.samples]
    families.append(
        {"name": family.name, "type": family.type, "unit": family.unit, "help": family.documentation, "samples": samples}
    )
# Buckets have a bound of `Infinity`, but only as a text.
print(json.dumps(families, allow_nan=False))
