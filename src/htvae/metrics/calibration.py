"""Probabilities from scores of labels, and whether they hold.

Axes: ``n`` recordings, ``G`` labels, ``B`` bins.
"""

import numpy as np

_NUM_BINS = 5
_TEMPERATURES = (1e-2, 1e6)


def softmax(scores: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities (n, G) of log-likelihoods (n, G), all labels as likely before."""
    scaled = scores / temperature
    weight = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probability: np.ndarray = weight / weight.sum(axis=1, keepdims=True)
    return probability


def fit_temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature by which scores must be divided, so that their softmax holds.

    It is the one with the highest likelihood of the right labels. Few recordings say little about rare
    mistakes, so the right label of n recordings is given the weight (n + 1) / (n + 2), the others the rest;
    without mistakes the probability of the most likely label then is about that high.

    Args:
        scores: log-likelihoods (n, G), at least one recording and two labels.
        truth: indices (n,) of the right labels.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; weights as in Platt
        1999, "Probabilistic Outputs for Support Vector Machines".
    """
    from scipy.optimize import minimize_scalar

    count, num_labels = scores.shape
    weight = np.full(scores.shape, 1 / ((count + 2) * (num_labels - 1)))
    weight[np.arange(count), truth] = (count + 1) / (count + 2)

    def loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        top = scaled.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(scaled - top).sum(axis=1, keepdims=True))
        return float((weight * (log_sum - scaled)).sum())

    found = minimize_scalar(loss, bounds=tuple(np.log(_TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))


def calibration_error(probability: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error, in [0, 1]: 0 where the probability holds, NaN without cases.

    Cases are sorted by probability into five bins of equal numbers; the error is the mean over bins of the
    distance between mean probability and share of right answers, weighted by cases.

    Args:
        probability: (n,) of the label that is said.
        right: (n,) bool.
    """
    if not len(probability):
        return float("nan")
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, _NUM_BINS) if len(part)]
    gaps = [len(part) * abs(probability[part].mean() - right[part].mean()) for part in bins]
    return float(sum(gaps) / len(probability))
