"""A driver written in Python, for the tests: a ZPL printer without questions, that counts its own starts.

It shows what any language can do that makes components: the contract in `wit/` and nothing of this repository's Rust
SDK. `build.sh` makes the component; `tests/drivers/counting` is the same driver in Rust.

Handles are owned by the call that brought them. `with` gives them back when the call returns; without it, they would
be held until Python's garbage collector finds them.
"""

from typing import NoReturn

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import jobs, status, types

CONNECTION = "CONNECTION"

# What the tests look at: both count within one instance, and begin at 0 in each new one.
driver_starts = 0
machine_starts = 0


class Lifecycle(exports.Lifecycle):
    def describe(self) -> types.DriverInfo:
        connection = types.Setting(
            key=CONNECTION,
            name="Connection",
            description="Where the printer is: tcp://10.0.0.7:9100",
            kind="device-uri",
            units="",
            default=None,
            required=True,
            choices=[],
            constraints=[types.Constraint("schemes", "tcp")],
        )
        return types.DriverInfo(
            slug="python-printer",
            name="Python printer",
            description="Sends uncompressed ZPL, and counts how often it was started.",
            version="0.1.0",
            machine_type="label-printer",
            settings=[connection],
            actions=[],
            implements=[],
            grants=[],
            translations=[],
        )

    async def init_driver(self) -> None:
        global driver_starts
        driver_starts += 1

    async def init_machine(self, machine) -> None:
        global machine_starts
        with machine:
            machine_starts += 1
            machine.set_properties([count("driver-starts", driver_starts), count("machine-number", machine_starts)])
            status.set_status(machine, status.Status.CONNECTED)

    async def update_machine(self, machine, old) -> None:
        with machine:
            pass

    async def restart_machine(self, machine) -> None:
        with machine:
            pass

    async def stop_machine(self, machine) -> None:
        with machine:
            pass

    async def ping_machine(self, machine) -> None:
        with machine:
            status.set_status(machine, status.Status.CONNECTED)

    async def validate_settings(self, machine, proposed) -> None:
        with machine:
            pass

    async def setting_choices(self, machine, scope, key) -> list[types.Choice]:
        unsupported(f"this driver offers no choices for {key}")

    async def run_action(self, machine, action, inputs) -> str:
        unsupported(f"this driver has no action {action}")

    async def discover(self) -> list[types.Candidate]:
        unsupported("this driver does not look for devices")


class Printer(exports.Printer):
    async def printing_options(self, machine) -> list[types.Setting]:
        with machine:
            return []

    async def media(self, machine):
        with machine:
            unsupported("this driver cannot tell what is in the printer")

    async def raw_formats(self, machine) -> list[str]:
        with machine:
            unsupported("this driver prints pictures only")

    async def print_labels(self, machine, job) -> None:
        with machine, job:
            for index in range(job.first_label(), job.label_count()):
                # Connected first: while a printer is waited for, nothing is held in the memory that all machines share.
                with await machine.connect(types.Scope.DRIVER, CONNECTION) as printer:
                    with job.label(index) as label:
                        data = zpl(await label.bitmap(RASTER), job.copies())
                    await job.label_started(index)
                    await printer.write(data)
                    await job.label_done(index, jobs.Proof.SENT)


# 4 x 6 inch at 8 dots/mm.
RASTER = jobs.Raster(
    dpmm=8,
    width=812,
    height=1218,
    halftone=jobs.Halftone.THRESHOLD,
    threshold=128,
    rotation=jobs.Rotation.NONE,
    scaling=jobs.Scaling.FIT,
    offset_x=0,
    offset_y=0,
    invert=False,
    mirror=False,
)


def zpl(bitmap: jobs.Bitmap, copies: int) -> bytes:
    """A format with one uncompressed graphic (ZPL II Programming Guide, pages of ^GF and ^PQ)."""
    size = len(bitmap.data)
    begin = f"^XA^PW{bitmap.width}^LL{bitmap.height}^FO0,0^GFA,{size},{size},{bitmap.stride},"
    return f"{begin}{bitmap.data.hex().upper()}^FS^PQ{copies}^XZ".encode()


def count(key: str, value: int) -> types.Property:
    return types.Property(key, str(value), "", types.PropertyKind.INTEGER, None)


def unsupported(message: str) -> NoReturn:
    raise Err(types.Error(types.ErrorKind.UNSUPPORTED, "unsupported", message, types.Outcome.NOT_SENT, None))
