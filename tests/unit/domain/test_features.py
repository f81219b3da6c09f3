"""What a tier sells is what its record shows: field by field."""

import pytest

from schemas import catalogue
from tierfeed.domain.features import FIELDS, RECORDS, Feature


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_shows_the_fields_of_its_features_and_none_besides(record: str) -> None:
    shown = {field["name"] for field in catalogue.schema(record).parsed["fields"]}
    sold = {field for feature in RECORDS[record] for field in FIELDS[feature]}
    assert shown == sold


@pytest.mark.parametrize("feature", Feature)
def test_no_field_belongs_to_two_features(feature: Feature) -> None:
    others = {field for other in Feature if other is not feature for field in FIELDS[other]}
    assert not others & set(FIELDS[feature])
