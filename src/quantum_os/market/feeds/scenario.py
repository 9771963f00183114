"""What a made-up market is in for."""

from enum import StrEnum


class Scenario(StrEnum):
    """`calm` is a market like most; `crash` stages one on the last day but one."""

    CALM = "calm"
    CRASH = "crash"
