#!/usr/bin/env python3
"""A character device that is a printer: a raw pseudo-terminal, joined with a TCP printer.

Usage: tty-bridge.py HOST PORT. Prints the path of the device, then copies bytes both ways until its input ends.
"""
import os
import select
import socket
import sys
import termios
import tty


def main() -> None:
    control, device = os.openpty()
    tty.setraw(device, termios.TCSANOW)
    # `device` stays open here: without any reader and writer the other side would report an error.
    printer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    print(os.ttyname(device), flush=True)
    stdin = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([control, printer, stdin], [], [])
        if control in ready:
            printer.sendall(os.read(control, 65536))
        if printer in ready:
            answer = printer.recv(65536)
            if not answer:
                return
            os.write(control, answer)
        if stdin in ready and not os.read(stdin, 1):
            return


main()
