"""The config: YAML in, frozen and checked models out, each problem with its line."""

from clientier.config.loading import Loaded, load
from clientier.config.models import Config
from clientier.config.resolved import digest, show

__all__ = ["Config", "Loaded", "digest", "load", "show"]
