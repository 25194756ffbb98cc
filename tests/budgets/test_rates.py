"""Published exchange rates: read as the bank writes them, stored once, and used by the latest day that is known."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from app.budgets import queries
from app.budgets.commands import read_file
from app.budgets.models import FxRate
from app.budgets.rate_actions import RateChanged, import_rates
from app.budgets.rate_rules import BadRates, DayRate, read_rates
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.policies.rate_rules import Rate, Rates, convert_up, most_within

PUBLISHED = Path(__file__).parents[2] / "app/demo/rates/ecb_reference_rates_2010_2023.csv.gz"
SHORT = "Date,USD,GBP,KRW\n2023-12-29,1.105,0.86905,1433.66\n2023-12-28,1.1114,N/A,1429.08,\n\n"


def test_the_published_file_has_the_banks_days_and_control_values() -> None:
    rates = list(read_rates(read_file(PUBLISHED)))
    by = {(rate.currency, rate.on): rate.millionths for rate in rates}
    assert len({rate.on for rate in rates}) == 3_586
    assert by["USD", date(2023, 12, 29)] == 1_105_000
    assert by["GBP", date(2023, 12, 29)] == 869_050
    assert by["KRW", date(2023, 12, 29)] == 1_433_660_000
    assert by["USD", date(2023, 12, 28)] == 1_111_400


def test_a_day_without_a_rate_is_left_out_and_the_banks_last_comma_is_no_currency() -> None:
    found = list(read_rates(SHORT.replace("KRW\n", "KRW,\n")))
    assert [(rate.currency, rate.on.day) for rate in found] == [
        ("USD", 29), ("GBP", 29), ("KRW", 29), ("USD", 28), ("KRW", 28),
    ]  # fmt: skip
    assert found[0] == DayRate("USD", date(2023, 12, 29), 1_105_000)


@pytest.mark.parametrize(
    "text",
    ["", "Day,USD\n", "Date\n", "Date,usd\n", "Date,USD\n29.12.2023,1.1\n", "Date,USD\n2023-12-29,-1\n",
     "Date,USD\n2023-12-29,0\n", "Date,USD\n2023-12-29,NaN\n", "Date,USD\n2023-12-29,1.1234567\n"],
)  # fmt: skip
def test_another_format_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadRates, match="line "):
        list(read_rates(text))


def test_rates_are_stored_once_and_a_changed_one_stores_nothing(app: Flask) -> None:
    actor, now = command("test"), utc_now()
    assert import_rates(text=SHORT, actor=actor, now=now).added == 5
    assert import_rates(text=SHORT, actor=actor, now=now).added == 0
    changed = "Date,USD\n2024-01-02,1.0956\n2023-12-29,1.2\n"
    with pytest.raises(RateChanged):
        import_rates(text=changed, actor=actor, now=now)
    assert db.session.query(FxRate).count() == 5
    saturday = queries.rates_on({"EUR", "USD", "GBP", "CHF"}, date(2023, 12, 30))
    assert saturday == {"USD": (1_105_000, date(2023, 12, 29)), "GBP": (869_050, date(2023, 12, 29))}
    assert queries.rates_on({"GBP"}, date(2023, 12, 28)) == {}


def test_the_command_says_what_it_stored_and_names_a_wrong_line(app: Flask, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(SHORT)
    bad.write_text("Date,USD\n2023-12-29,much\n")
    runner = app.test_cli_runner()
    said = runner.invoke(args=["fx", "import", str(good), "--json"])
    assert (said.exit_code, said.output.strip()) == (
        0, '{"added":5,"read":5,"first_on":"2023-12-28","last_on":"2023-12-29"}',
    )  # fmt: skip
    refused = runner.invoke(args=["fx", "import", str(bad)])
    assert refused.exit_code == 1
    assert "line 2" in refused.output


RATES = Rates(
    date(2023, 12, 29),
    {
        "USD": Rate(1_105_000, date(2023, 12, 29)),
        "GBP": Rate(869_050, date(2023, 12, 29)),
        "JPY": Rate(156_330_000, date(2023, 12, 27)),
    },
    days_max=5,
)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (Money(10_000, "GBP"), "USD", 12_716),  # 127.1503… dollars
        (Money(100, "EUR"), "USD", 111),  # 1.105 dollars
        (Money(300_000, "JPY"), "USD", 212_052),  # 2,120.51… dollars
        (Money(200_000, "USD"), "JPY", 282_951),  # 282,950.2… yen
        (Money(1, "JPY"), "USD", 1),
        (Money(500, "USD"), "USD", 500),
    ],
)
def test_an_amount_is_converted_over_the_euro_and_rounded_up(amount: Money, currency: str, minor: int) -> None:
    assert convert_up(amount, currency, RATES) == minor


@pytest.mark.parametrize("left", [0, 1, 99, 12_716, 200_000, 999_999])
@pytest.mark.parametrize(("own", "other"), [("USD", "GBP"), ("USD", "JPY"), ("JPY", "USD"), ("EUR", "GBP")])
def test_the_most_within_a_limit_fits_and_one_minor_unit_more_does_not(left: int, own: str, other: str) -> None:
    most = most_within(left, own, other, RATES)
    assert convert_up(Money(most, other), own, RATES) <= left
    assert convert_up(Money(most + 1, other), own, RATES) > left


def test_a_rate_is_old_the_day_after_its_last() -> None:
    def on(day: int) -> Rates:
        return Rates(date(2024, 1, day), RATES.by_currency, 5)

    assert not on(1).is_old("USD", "JPY")  # Wednesday the 27th, five days
    assert on(2).is_old("USD", "JPY")
    assert not on(3).is_old("USD", "GBP")
    assert not Rates(date(2026, 1, 1), RATES.by_currency, None).is_old("USD", "JPY")
    assert RATES.published_on("USD", "JPY") == date(2023, 12, 27)
