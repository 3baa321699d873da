"""Files in object stores and Hadoop, named by URL: s3://bucket/sales/*.csv. They are copied before they are read.

Credentials are those of the environment, as the store's own tools take them; a URL never holds any. Where a
store lies elsewhere than usual its URL says so: s3://bucket/x.csv?endpoint_override=host:9000&scheme=http

Letters that an URL may not hold can stand in one here; %20 is a blank all the same, as in any URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from clientier.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

    from clientier.transactions.files import scratch_file

SCHEMES = ("s3", "gs", "abfs", "hdfs")
_URL = re.compile(r"[a-z][a-z0-9+]+://")
_BLOCK = 2**22  # bytes; a request to a store takes its time
_SIGNS = "*["  # of a pattern: what comes after a ? are options
_SECRETS = ("key", "secret", "token", "password", "sig")  # in the names of options


def is_remote(name: str) -> bool:
    """Tell whether a name is an URL, and no path."""
    return _URL.match(name) is not None


def remote_files(url: str) -> list[str]:
    """Return the URL of every file that is meant, sorted: that of a file, or those that a pattern matches.

    Raises:  ConfigError for a store that is not known, or an URL with a password; DataError where there is no file
    """
    place = _Place.of(url)
    if not place.pattern:
        _refuse_what_is_no_file(place)
        return [url]
    found = sorted(place.matching())
    if not found:
        raise DataError(Problem(url, "no file matches", "check the bucket, the folder and the pattern"))
    return found


def copy_remote(url: str, copy: scratch_file) -> None:
    """Copy a file's bytes.

    Raises:  ConfigError, DataError
    """
    place = _Place.of(url)
    with _told(url), place.system.open_input_stream(place.path, compression=None) as stream:
        while block := stream.read(_BLOCK):
            copy.write(block)


@dataclass(frozen=True)
class _Place:
    """Where an URL leads: a store, a path inside it, and the pattern of the names below that."""

    url: str
    system: FileSystem
    path: str
    pattern: str  # "" for a file

    @classmethod
    def of(cls, url: str) -> _Place:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            fix = f"name a file, - for standard input, or an URL of {', '.join(SCHEMES)}"
            raise ConfigError(Problem(f"{parts.scheme}://", "is no kind of store that is known", fix))
        named = [name for name in parse_qs(parts.query) for secret in _SECRETS if secret in name]
        if parts.password is not None or named:
            fix = "put it into the environment, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise ConfigError(Problem(f"{parts.scheme}://", "the URL holds a password", fix))
        begin, pattern, options = _split(url)
        with _told(url):
            from pyarrow.fs import FileSystem

            system, path = FileSystem.from_uri(_encoded(begin) + options)
        return cls(url, system, path, pattern)

    def info(self) -> FileInfo:
        """Return what lies at the path."""
        with _told(self.url):
            return self.system.get_file_info(self.path)

    def matching(self) -> Iterator[str]:
        """Yield the URL of every file whose path below this one matches; a * stands for no slash."""
        from pyarrow.fs import FileSelector, FileType

        begin, pattern, options = _split(self.url)
        wanted = unquote(pattern).split("/")
        with _told(self.url):
            selector = FileSelector(self.path, recursive=len(wanted) > 1, allow_not_found=True)
            for info in self.system.get_file_info(selector):
                below = info.path[len(self.path) + 1 :]
                parts = below.split("/")
                if (
                    info.type == FileType.File
                    and len(parts) == len(wanted)
                    and all(map(fnmatchcase, parts, wanted))
                ):
                    yield f"{begin}/{quote(below)}{options}"


def _split(url: str) -> tuple[str, str, str]:
    """Return the URL of the deepest folder that is named without a pattern (or of the file), the rest, the options."""
    path, mark, options = url.partition("?")
    at = min((path.index(sign) for sign in _SIGNS if sign in path), default=len(path))
    if at == len(path):
        return path, "", mark + options
    cut = path.rindex("/", 0, at)
    if path[:cut].endswith(":/"):
        raise ConfigError(Problem(url, "names no bucket", "a pattern may stand after it: s3://bucket/*.csv"))
    return path[:cut], path[cut + 1 :], mark + options


def _encoded(path: str) -> str:
    """Return the URL with what may not stand in one written as %.., but for what is written so already."""
    return quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", path), safe="/:@%!$&'()*+,;=")


def _refuse_what_is_no_file(place: _Place) -> None:
    from pyarrow.fs import FileType

    kind = place.info().type
    if kind == FileType.Directory:
        raise DataError(Problem(place.url, "is a folder", "write a pattern after it: /*.csv"))
    if kind == FileType.NotFound:
        raise DataError(Problem(place.url, "no such file", "check the bucket and the path"))


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Tell what a store says; of its words only the first line."""
    try:
        yield
    except (OSError, ValueError, NotImplementedError) as error:  # the last two where an URL makes no sense
        fix = "check the address, the bucket and its rights, and the credentials in the environment"
        raise DataError(Problem(url, f"cannot be read: {str(error).splitlines()[0]}", fix)) from None
