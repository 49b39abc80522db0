"""How far twins spread: other estimators of τ², its interval, and H², around those that we offer."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2
from test_stats_pooling import BCG, KACKER, KACKER_VARIANCES, log_risk_ratios

from tracker.stats.gaps import interval
from tracker.stats.pooling import inverse_variance, pool

Floats = NDArray[np.float64]

KACKER_TAU = {"PM": 0.8399, "CA": 1.1837, "DL": 0.5359, "C2": 0.9352}
BCG_TAU2 = (0.1197, 1.1115)
KACKER_FIXED = (62.3720233953344, 62.7947707926621)
KACKER_H2 = 3.10023721772938
BCG_H2 = 12.6861


def test_kacker_fixed_effect_interval_and_h2() -> None:
    combined = inverse_variance(KACKER, np.sqrt(KACKER_VARIANCES))
    assert combined is not None
    around = interval(combined.value, combined.stderr)
    assert around is not None
    assert (around.low, around.high) == pytest.approx(KACKER_FIXED, abs=1e-6)
    for values, errors, h2 in ((KACKER, np.sqrt(KACKER_VARIANCES), KACKER_H2), (*log_risk_ratios(BCG), BCG_H2)):
        pooled = pool(values, errors, method="dersimonian-laird")
        assert pooled.i2 is not None
        assert 1 / (1 - pooled.i2) == pytest.approx(h2, abs=5e-5)


def moment(values: Floats, variances: Floats, weights: Floats) -> float:
    """τ² by the method of moments with any weights: DerSimonian and Kacker 2007."""
    total = weights.sum()
    squares = float(weights @ (values - weights @ values / total) ** 2)
    expected = float(weights @ variances - weights**2 @ variances / total)
    return (squares - expected) / float(total - weights @ weights / total)


def test_moment_estimators_end_at_paule_and_mandel() -> None:
    """Kacker's four: equal weights (CA), 1/v (DL), once more from CA (C2), and again until nothing changes (PM).

    His DL, as printed, is .0008 below the root of metafor's and our τ², .288049.
    """
    values, variances = np.array(KACKER), np.array(KACKER_VARIANCES)
    cochran = moment(values, variances, np.ones(len(values)))
    assert math.sqrt(cochran) == pytest.approx(KACKER_TAU["CA"], abs=5e-5)
    assert math.sqrt(moment(values, variances, 1 / (variances + cochran))) == pytest.approx(KACKER_TAU["C2"], abs=5e-5)
    laird = pool(values, np.sqrt(variances), method="dersimonian-laird").tau2
    assert laird == pytest.approx(moment(values, variances, 1 / variances), abs=1e-9)
    assert math.sqrt(laird) == pytest.approx(KACKER_TAU["DL"], abs=1e-3)
    tau2 = cochran
    for _ in range(200):
        tau2 = moment(values, variances, 1 / (variances + tau2))
    assert pool(values, np.sqrt(variances)).tau2 == pytest.approx(tau2, abs=1e-9)
    assert math.sqrt(tau2) == pytest.approx(KACKER_TAU["PM"], abs=5e-5)


def test_bcg_interval_of_the_spread() -> None:
    """The Q profile: the τ² at which our Q, with τ² added to the variances, is a quantile of χ² with k − 1."""
    values, errors = log_risk_ratios(BCG)
    variances = np.square(errors)

    def excess(tau2: float, share: float) -> float:
        spread = pool(values, np.sqrt(variances + tau2), method="dersimonian-laird").q
        assert spread is not None
        return spread - float(chi2.ppf(share, len(values) - 1))

    ends = [brentq(excess, 0, 5, args=(share,)) for share in (0.975, 0.025)]
    assert ends == pytest.approx(BCG_TAU2, abs=5e-5)
    for method in ("paule-mandel", "dersimonian-laird"):
        tau2 = pool(values, errors, method=method).tau2
        assert tau2 is not None
        assert ends[0] < tau2 < ends[1]
