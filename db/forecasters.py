"""What a forecaster may be called: names that readers take for a market, this program or a reference are not given."""

from db.forecast_tables import SOURCES

LONGEST_NAME = 60
PROGRAM = "tracker"
BACKTEST = "tracker (back-test)"
REFERENCES = ("base rate", "always the base rate", "always base rate", "50 %", "always 50 %", "market", "nobody")


def plain_name(name: str) -> str:
    """The name with its spaces put in order."""
    return " ".join(name.split())


def folded(name: str) -> str:
    """What makes two names the same to a reader: neither spaces nor capitals tell them apart."""
    return "".join(name.casefold().split())


def objection(name: str) -> str | None:
    """Why a person cannot forecast under this name, as a sentence; null: they can."""
    plain = plain_name(name)
    if not plain:
        return "A forecast needs a name: whose is it?"
    if len(plain) > LONGEST_NAME:
        return f"The name “{plain[:LONGEST_NAME]}…” is too long: at most {LONGEST_NAME} characters."
    if not plain.isprintable():
        return "The name has characters in it that cannot be shown."
    if folded(plain) in {folded(name) for name in (*SOURCES, *REFERENCES)} or folded(plain).startswith(PROGRAM):
        return f"“{plain}” is reserved: readers would take it for a market, for this program or for a reference."
    return None
