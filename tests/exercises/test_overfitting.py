"""The checks of notebook 10: what they accept, and what they say to a wrong answer."""

import numpy as np

import dlcourse as dl
from dlcourse.analysis import difference_interval
from dlcourse.exercises import overfitting
from tests.exercises.answers import Answers, held_against

# -------------------------------------------------------------- early stopping


def stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


def stop_by_counting(losses, patience):
    best, waited = np.inf, 0
    for epoch, loss in enumerate(losses):
        waited += 1
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        if waited == patience:
            break
    return [best_epoch, epoch]


def stop_in_numpy(losses, patience):
    records = np.minimum.accumulate(losses)
    fresh = np.r_[True, records[1:] < records[:-1]]
    newest = np.maximum.accumulate(np.where(fresh, np.arange(len(losses)), 0))
    over = np.flatnonzero(np.arange(len(losses)) - newest >= patience)
    last = over[0] if len(over) else len(losses) - 1
    return np.array([newest[last], last])


def swapped(losses, patience):
    return stop(losses, patience)[::-1]


def hands_back_the_loss(losses, patience):
    best, last = stop(losses, patience)
    return losses[best], last


def counts_from_one(losses, patience):
    best, last = stop(losses, patience)
    return best + 1, last + 1


def impatient(losses, patience):
    return stop(losses, patience=1)


def too_late(losses, patience):
    return stop(losses, patience + 1)


def never(losses, patience):
    return int(np.argmin(losses)), len(losses) - 1


def without_waiting(losses, patience):
    best, _ = stop(losses, patience)
    return best, best


def knows_the_future(losses, patience):
    return int(np.argmin(losses)), stop(losses, patience)[1]


def never_begins_anew(losses, patience):
    best, waited = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            waited += 1
        if waited == patience:
            return best, epoch
    return best, len(losses) - 1


def looks_at_the_epoch_before(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            waited = 0
            best = epoch if losses[epoch] < losses[best] else best
        else:
            waited += 1
        if waited == patience:
            return best, epoch
    return best, len(losses) - 1


def takes_ties(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


# ------------------------------------------------------------------ the verdict


def judge(a, b):
    difference = np.mean(b) - np.mean(a)
    error = np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    if abs(difference) < 2.3 * error:
        return "cannot say"
    return "A" if difference > 0 else "B"


def judge_by_the_course(a, b):
    interval = difference_interval(a, b)
    if not interval.excludes(0):
        return "cannot say"
    return "A" if interval.mean < 0 else "B"


def judge_in_pairs(a, b):
    d = b - a
    margin = 2.776 * d.std(ddof=1) / np.sqrt(len(d))
    return ["cannot say", "A", "B"][int(np.sign(d.mean()) * (abs(d.mean()) > margin))]


def larger_is_better(a, b):
    return judge(b, a)


def by_the_means(a, b):
    return "A" if np.mean(a) < np.mean(b) else "B"


def by_the_best_run(a, b):
    if max(np.min(a), np.min(b)) > 3 * min(np.min(a), np.min(b)):
        return "A" if np.min(a) < np.min(b) else "B"
    return judge(a, b)


def by_a_threshold(a, b):
    if abs(np.mean(a) - np.mean(b)) < 0.06:
        return "cannot say"
    return by_the_means(a, b)


def by_the_ranges(a, b):
    if max(a) < min(b):
        return "A"
    return "B" if max(b) < min(a) else "cannot say"


def without_the_root(a, b):
    difference = np.mean(b) - np.mean(a)
    if abs(difference) < 2.3 * np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1)):
        return "cannot say"
    return "A" if difference > 0 else "B"


def always_modest(a, b):
    return "cannot say"


def five_only(a, b):
    return judge(a[:5], b[:5]) if len(a) == 5 else "cannot say"


TABLE = [
    Answers(
        overfitting.dropout_by_hand,
        right=[4, 3 / (1 - 0.25), dl.Tensor(4.0)],
        wrong=[
            (3, "when the network is *used*"),
            (0, "this one is kept"),
            (2.25, "without any scaling"),
            (12, "the share that is *kept*"),
            (0.75, "What happens to the 3?"),
            (4 / 3, "that is the factor"),
            (3.75, "3 of 4"),
            (5, "is not it"),
            ("four", "text"),
        ],
    ),
    Answers(
        overfitting.early_stopping,
        right=[stop, stop_by_counting, stop_in_numpy],
        wrong=[
            (swapped, "changed places"),
            (hands_back_the_loss, "not its loss"),
            (counts_from_one, "from 0"),
            (impatient, "first epoch without improvement"),
            (too_late, "One epoch too late"),
            (never, "never stops"),
            (without_waiting, "two more were needed"),
            (knows_the_future, "knows the future"),
            (never_begins_anew, "begins anew"),
            (looks_at_the_epoch_before, "the best loss so far"),
            (takes_ties, "no improvement: compare with"),
            (lambda losses, patience: 2, "hands back one"),
            (lambda losses, patience: (2.5, 4), "whole numbers"),
            (lambda losses, patience: losses[patience * 99], "IndexError"),
            (stop([3.0, 2.0], 1), "hand in the function itself"),
        ],
        blank=[lambda losses, patience: (..., ...), lambda losses, patience: ...],
    ),
    Answers(
        overfitting.verdict,
        right=[judge, judge_by_the_course, judge_in_pairs],
        wrong=[
            (larger_is_better, "the smaller the better"),
            (by_the_means, "holds 0"),
            (by_the_best_run, "judged together"),
            (by_a_threshold, "small and yet sure"),
            (by_the_ranges, "known better than single"),
            (without_the_root, "under the root"),
            (always_modest, "Every run of A beats"),
            (five_only, "any number of runs"),
            (lambda a, b: a.mean() < b.mean(), "hand back one of"),
            (lambda a, b: "a", "hand back one of"),
            (lambda a, b: 1 / 0, "ZeroDivisionError"),
        ],
        blank=[lambda a, b: ...],
    ),
]

test_right, test_wrong, test_blank, test_table = held_against(overfitting, TABLE)
