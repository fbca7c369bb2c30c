# What type checkers read in place of __init__.py, which finds these names when they are asked for.
from hansard_bias.api.scoring import Companion as Companion
from hansard_bias.api.scoring import Scored as Scored
from hansard_bias.api.scoring import score as score
from hansard_bias.api.study import Study as Study
from hansard_bias.api.study import load_study as load_study

__all__ = ["Companion", "Scored", "Study", "load_study", "score"]
