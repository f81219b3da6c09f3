"""Commands on `control`, as the judge's process knows them: its remedies ask for some, its gap ledger for others."""

from collections.abc import Iterable

from infra.control import Control
from tierfeed.domain.commands import Action, Orders, Said

MICRO = 1_000_000


class Commands:
    """`control` as the judge's process knows it. Raises UpstreamError."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.orders = Orders()
        self._hear(control.read_all())

    def look(self) -> None:
        """Hear what has come since."""
        self._hear(self._control.poll())

    def tell(self, said: Said) -> None:
        self._control.tell(said)

    def close(self) -> None:
        self._control.close()

    def admitted(self, tier: str, end: int) -> tuple[str, ...]:
        """The brokers that a tier had beside its own in the second that ends then."""
        return tuple(sorted({name for name, begin, until in self._admissions(tier) if begin < end <= until}))

    def _admissions(self, tier: str) -> Iterable[tuple[str, int, int]]:
        for command_id, done_us in self.orders.done_us.items():
            command = self.orders.asked[command_id].command
            if command.action is Action.ADMIT_BROKER and command.tier == tier and command.until_us is not None:
                until_us = min(command.until_us, self.orders.reverted_us.get(command_id, command.until_us))
                yield command.broker, done_us // MICRO, until_us // MICRO

    def _hear(self, told: Iterable[Said]) -> None:
        for said in told:
            self.orders.hear(said)
