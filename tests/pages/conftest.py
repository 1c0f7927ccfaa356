"""The small account of the tools' tests, for pages that ask questions."""

from tests.tools.conftest import shop, write

__all__ = ["shop", "write"]
