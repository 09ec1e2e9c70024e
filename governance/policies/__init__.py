"""Judge facts under a policy: pure Python, without Django, clock, input or output.

`body` turns the stored body of a policy version into a checked `Policy`; `evaluation` judges. The same policy and the
same facts always give the same verdict, so a recorded decision can be replayed.
"""

from governance.policies.body import Policy, PolicyInvalid, RuleSetting
from governance.policies.evaluation import (
    FiredRule,
    Limits,
    Verdict,
    demanded,
    evaluate,
    limits_of,
    next_boundary,
)
from governance.policies.outcomes import Changes, Recorded, Replay, RuleOutcome, outcomes
from governance.rules.rule import Effect
from governance.rules.stopping import in_reach

__all__ = [
    "Changes",
    "Effect",
    "FiredRule",
    "Limits",
    "Policy",
    "PolicyInvalid",
    "Recorded",
    "Replay",
    "RuleOutcome",
    "RuleSetting",
    "Verdict",
    "demanded",
    "evaluate",
    "in_reach",
    "limits_of",
    "next_boundary",
    "outcomes",
]
