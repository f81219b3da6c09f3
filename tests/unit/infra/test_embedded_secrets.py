"""The passwords of a secured folder."""

import json
from pathlib import Path

from infra.embedded.kafka import CONTROLLER_USER, EmbeddedKafka
from tierfeed.domain.tenants import OWN_PRINCIPALS


def test_a_folder_of_an_earlier_version_gets_the_passwords_it_lacks_and_keeps_the_others(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(tmp_path, secure=True)
    first = kafka._passwords()
    assert first.keys() == {*OWN_PRINCIPALS, CONTROLLER_USER}
    (tmp_path / "secrets.json").write_text(json.dumps({user: first[user] for user in first if user != "sla"}))
    again = kafka._passwords()
    assert {user: password for user, password in again.items() if first[user] != password}.keys() == {"sla"}
    assert kafka._passwords() == again
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
