"""All processes of one machine, started and stopped together: ``manage.py up`` and ``demo``."""

from shoefinder.stack.parts import stack_parts
from shoefinder.stack.supervisor import Part, StackError, Supervisor

__all__ = ["Part", "StackError", "Supervisor", "stack_parts"]
