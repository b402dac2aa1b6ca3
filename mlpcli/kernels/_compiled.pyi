from collections.abc import Callable
from typing import TypeVar

SOURCES: int

Function = TypeVar("Function", bound=Callable[..., None])

def twin(function: Function, /) -> Function: ...
