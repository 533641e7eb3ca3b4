"""The container of our files: a JSON header and data, whole or refused.

Layout: a magic number; header length (4 bytes, little-endian); header (JSON, UTF-8); data; SHA-256
of everything before it. Nothing in a file is executed, and no size is believed before it is
checked.
"""

from dataclasses import dataclass
import hashlib
import json
from pathlib import Path

from model.errors import InputError

__all__ = ["ContainerFile"]

_LENGTH_BYTES = 4
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class ContainerFile:
    """One kind of file in this layout.

    Parameters
    ----------
    magic : bytes
        What such a file begins with.
    kind : str
        What it is called in a sentence: "network", "compressed".
    begins_as : str
        How it begins, in a sentence.
    """

    magic: bytes
    kind: str
    begins_as: str

    def to_bytes(self, header, data):
        """The bytes of a header, any JSON value, and data, a list of bytes."""
        text = json.dumps(header, separators=(",", ":")).encode()
        body = self.magic + len(text).to_bytes(_LENGTH_BYTES, "little") + text + b"".join(data)
        return body + hashlib.sha256(body).digest()

    def from_bytes(self, content):
        """(header, data) of the bytes of a file; raises ``InputError``."""
        if not content.startswith(self.magic):
            raise InputError(f"file must begin as {self.begins_as} does, and does not")
        start = len(self.magic) + _LENGTH_BYTES
        if len(content) < start + _DIGEST_BYTES:
            raise InputError(f"file must be whole, not cut off after {len(content)} bytes")
        body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            raise InputError("checksum must match the content; the file is damaged or cut off")
        end = start + int.from_bytes(body[len(self.magic):start], "little")
        if end > len(body):
            raise InputError("header must end within the file, and does not")
        try:
            return json.loads(body[start:end].decode()), body[end:]
        except (UnicodeDecodeError, ValueError, RecursionError):
            raise InputError("header must be JSON, and is not") from None

    def save(self, content, path):
        """Writes bytes to a file; an existing one is replaced only by a whole new one."""
        path = Path(path)
        partial = path.with_suffix(path.suffix + ".partial")
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            raise InputError(f"{path} must be a place for a file: {error.strerror}") from None

    def load(self, path, read):
        """What ``read`` makes of the bytes of a file; its errors with the file's name."""
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise InputError(f"{path} must be a readable {self.kind} file: "
                             f"{error.strerror}") from None
        try:
            return read(content)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
