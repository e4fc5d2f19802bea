"""All processes of one machine, started and stopped together: ``manage.py up`` and ``demo``."""

from shoefinder.stack.opened import stack_opened
from shoefinder.stack.parts import stack_parts
from shoefinder.stack.supervisor import Part, StackError, StackLeft, Supervisor

__all__ = ["Part", "StackError", "StackLeft", "Supervisor", "stack_opened", "stack_parts"]
