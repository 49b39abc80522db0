"""The local server that stands for market sites: it answers as documented, and goes wrong as told."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.market_server import (
    Answer,
    Fault,
    InProcess,
    MarketServer,
    ToSocket,
    changed,
    cut,
    dropped,
    half,
    json_answer,
    not_gzip,
    page,
    refused,
    serving,
    slow,
)
from tests.market_server_manifold import Manifold

API = "https://api.manifold.markets/v0"


@pytest.fixture(params=["in process", "over a socket"])
def http(request: pytest.FixtureRequest, manifold: Manifold) -> Iterator[httpx.Client]:
    if request.param == "in process":
        with httpx.Client(transport=InProcess(manifold.site), base_url=API) as client:
            yield client
        return
    with (
        serving(manifold.site) as address,
        httpx.Client(transport=ToSocket(address), base_url=API, timeout=5) as client,
    ):
        yield client


@pytest.fixture
def manifold() -> Manifold:
    """Two markets; "rain" has six bets, of which three share a millisecond."""
    site = Manifold(seed=4)
    site.add("rain")
    for price, later in ((0.6, 5), (0.7, 5), (0.4, 0), (0.3, 0), (0.35, 9), (0.5, 1)):
        site.clock += later
        site.trade("rain", price)
    site.redeem("rain")
    site.add("who-wins", answers=["Ada", "Bo", "Cy"])
    site.clock += 1
    site.trade("who-wins", 0.5, next(iter(site.markets["who-wins"].answers)))
    return site


def rows(http: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    reply = http.get("/bets", params=params)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()
    return found


def times(found: list[dict[str, Any]], manifold: Manifold) -> list[int]:
    """Milliseconds since the first market was made."""
    return [row["createdTime"] - manifold.markets["rain"].created for row in found]


# -- Manifold as documented --------------------------------------------------------------------------------------------


def test_a_market_has_the_documented_fields(http: httpx.Client, manifold: Manifold) -> None:
    market = http.get("/slug/rain").json()
    assert market == http.get(f"/market/{market['id']}").json()
    assert (market["outcomeType"], market["mechanism"], market["isResolved"]) == ("BINARY", "cpmm-1", False)
    assert market["probability"] == pytest.approx(0.5)
    pool, p = market["pool"], market["p"]
    assert market["probability"] == p * pool["NO"] / ((1 - p) * pool["YES"] + p * pool["NO"])
    assert market["lastBetTime"] - market["createdTime"] == 20
    assert "resolution" not in market
    several = http.get("/slug/who-wins").json()
    assert "probability" not in several
    assert [answer["text"] for answer in several["answers"]] == ["Ada", "Bo", "Cy"]
    assert sum(answer["probability"] for answer in several["answers"]) == pytest.approx(1)
    # These two paths take any parameter.
    assert http.get("/slug/rain", params={"lite": "true"}).status_code == 200


def test_bets_come_newest_first_unless_asked_otherwise(http: httpx.Client, manifold: Manifold) -> None:
    identity = manifold.markets["rain"].id
    newest = rows(http, contractId=identity)
    assert times(newest, manifold) == [20, 20, 19, 10, 10, 10, 5]
    assert times(rows(http, contractId=identity, order="asc", limit=3), manifold) == [5, 10, 10]


def test_times_and_ids_are_strict_edges(http: httpx.Client, manifold: Manifold) -> None:
    identity, start = manifold.markets["rain"].id, manifold.markets["rain"].created
    assert times(rows(http, contractId=identity, afterTime=start + 10), manifold) == [20, 20, 19]
    assert times(rows(http, contractId=identity, beforeTime=start + 10), manifold) == [5]
    tied = manifold.markets["rain"].bets[2]["id"]
    # Those of the same millisecond are lost with it.
    assert times(rows(http, contractId=identity, after=tied), manifold) == [20, 20, 19]
    assert times(rows(http, contractId=identity, before=tied), manifold) == [5]


def test_rows_of_one_millisecond_come_in_any_order(manifold: Manifold) -> None:
    with httpx.Client(transport=InProcess(manifold.site), base_url=API) as http:
        orders = {tuple(row["id"] for row in rows(http, contractSlug="rain", order="asc")) for _ in range(60)}
    assert len(orders) == 12


def test_rows_without_shares_are_hidden_unless_asked_for(http: httpx.Client, manifold: Manifold) -> None:
    identity = manifold.markets["who-wins"].id
    assert len(rows(http, contractId=identity)) == 1
    assert len(rows(http, contractId=identity, includeZeroShareRedemptions="true", filterRedemptions="false")) == 1
    shown = rows(http, contractId=identity, includeZeroShareRedemptions="true")
    assert [bool(row.get("isRedemption")) for row in shown].count(True) == 2
    assert len({row["createdTime"] for row in shown}) == 1
    assert len(rows(http, contractId=identity, answerId=shown[0]["answerId"], includeZeroShareRedemptions="true")) == 1
    # Without a market: those of the whole site.
    assert len(rows(http, contractId="")) == 8


@pytest.mark.parametrize(
    ("path", "params", "status", "said"),
    [
        ("/bets", {"contractld": "x"}, 400, "Error validating request."),
        ("/bets", {"limit": 1001}, 400, "Error validating request."),
        ("/bets", {"limit": 0}, 400, "Error validating request."),
        ("/bets", {"afterTime": "soon"}, 400, "Error validating request."),
        ("/bets", {"order": "up"}, 400, "Error validating request."),
        ("/bets", {"contractSlug": "nowhere"}, 400, "No contract found with that slug"),
        ("/bets", {"before": "nobody"}, 404, "Bet specified in before parameter not found"),
        ("/search-markets", {"words": "rain"}, 400, "Error validating request."),
        ("/markets", {"offset": 3}, 400, "Error validating request."),
        ("/market-probs", {"ids": "one"}, 400, "Error validating request."),
        ("/slug/nowhere", {}, 404, "Contract not found"),
        ("/market/nowhere/prob", {}, 404, "Contract not found"),
        ("/nothing", {}, 404, "Not found"),
    ],
)
def test_what_it_refuses(http: httpx.Client, path: str, params: dict[str, Any], status: int, said: str) -> None:
    reply = http.get(path, params=params)
    assert (reply.status_code, reply.json()["message"]) == (status, said)


def test_prices_by_themselves(http: httpx.Client, manifold: Manifold) -> None:
    rain, several = manifold.markets["rain"].id, manifold.markets["who-wins"].id
    assert http.get(f"/market/{rain}/prob").json() == {"prob": pytest.approx(0.5)}
    assert sum(http.get(f"/market/{several}/prob").json()["answerProbs"].values()) == pytest.approx(1)
    assert http.get("/market-probs", params={"ids[]": rain}).json() == {rain: pytest.approx(0.5)}
    assert list(http.get("/market-probs", params={"ids": [rain, "unknown"]}).json()) == [rain]


def test_small_searches_lose_matches(http: httpx.Client, manifold: Manifold) -> None:
    for place in range(9):
        manifold.add(f"snow-{place}")
    assert len(http.get("/search-markets", params={"term": "snow", "limit": 1000}).json()) == 9
    assert len(http.get("/search-markets", params={"term": "snow"}).json()) == 6
    assert [market["slug"] for market in http.get("/markets", params={"limit": 1000}).json()][-1] == "rain"


def test_every_way_to_end_shows_as_documented(http: httpx.Client, manifold: Manifold) -> None:
    manifold.resolve("rain", "YES")
    ended = http.get("/slug/rain").json()
    # The last price goes with every decision, and the pool stays.
    assert (ended["resolution"], ended["resolutionProbability"], ended["closeTime"]) == ("YES", 0.5, manifold.clock)
    manifold.reopen("rain")
    assert not http.get("/slug/rain").json()["isResolved"]
    first, second, _ = manifold.markets["who-wins"].answers
    manifold.share_out("who-wins", {first: 0.25, second: 0.75})
    shared = http.get("/slug/who-wins").json()
    assert shared["resolution"] == "CHOOSE_MULTIPLE"
    assert all("resolution" not in answer and "resolutionTime" in answer for answer in shared["answers"])
    weights = http.get(f"/market/{shared['id']}/prob").json()["answerProbs"]
    assert [weights[one] for one in (first, second)] == [0.25, 0.75]


def test_independent_answers_end_alone_and_then_the_market(http: httpx.Client, manifold: Manifold) -> None:
    manifold.add("apart", answers=["x", "y"], linked=False)
    first, second = manifold.markets["apart"].answers
    manifold.resolve("apart", "YES", first)
    assert not http.get("/slug/apart").json()["isResolved"]
    manifold.resolve("apart", "NO", second)
    ended = http.get("/slug/apart").json()
    assert (ended["resolution"], ended["resolutionProbability"]) == ("MKT", 0.01)
    assert [answer["resolution"] for answer in ended["answers"]] == ["YES", "NO"]


def test_what_is_known_is_not_sent_again(http: httpx.Client, manifold: Manifold) -> None:
    etag = http.get("/slug/rain").headers["etag"]
    again = http.get("/slug/rain", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    manifold.clock += 1
    manifold.trade("rain", 0.9)
    assert http.get("/slug/rain", headers={"If-None-Match": etag}).status_code == 200


# -- going wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (refused(503, "Transaction conflict. Please try again."), 503, "Transaction conflict"),
        (refused(429, Retry_After="7"), 429, "Sorry."),
        (page, 200, "<!doctype html>"),
        (half, 200, '{"id":"'),
        (changed(lambda market: {**market, "probability": "half"}), 200, '"probability": "half"'),
    ],
)
def test_a_fault_takes_one_answer(http: httpx.Client, manifold: Manifold, fault: Fault, status: int, body: str) -> None:
    manifold.site.faults.extend([None, fault])
    right = http.get("/slug/rain")
    wrong = http.get("/slug/rain")
    assert (right.status_code, wrong.status_code) == (200, status)
    assert body in wrong.text
    assert wrong.headers.get("retry-after") == ("7" if status == 429 else None)
    assert http.get("/slug/rain").text == right.text
    assert len(manifold.site.asked) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (cut, httpx.RemoteProtocolError),
        (dropped, httpx.RemoteProtocolError),
        (not_gzip, httpx.DecodingError),
        (slow(0.4), httpx.ReadTimeout),
    ],
)
def test_a_broken_answer_is_an_error(
    http: httpx.Client, manifold: Manifold, fault: Fault, error: type[Exception]
) -> None:
    manifold.site.faults.append(fault)
    with pytest.raises(error):
        http.get("/slug/rain", timeout=0.2)
    assert http.get("/slug/rain").status_code == 200


def test_a_site_sees_what_was_asked() -> None:
    server = MarketServer({"/a b": lambda asked, _: json_answer(asked.all("x"))}, Answer(status=404))
    with httpx.Client(transport=InProcess(server)) as http:
        reply = http.get("https://somewhere.org/a%20b", params={"x": ["1", "&"], "y": ""})
    assert json.loads(reply.text) == ["1", "&"]
    [asked] = server.asked
    assert (asked.path, asked.one("x"), asked.one("y"), asked.one("z")) == ("/a b", "&", "", None)
