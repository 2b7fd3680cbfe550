"""What is wrong with a scenario that can be read and not played."""

from hub.core.faults import SenderFault
from hub.demo.scenario import Given


class CannotPlayError(ValueError):
    """A given thing that cannot happen.  Operator action: mend the scenario at its line."""

    def __init__(self, given: Given, fault: Exception):
        words = str(fault.args[0] if isinstance(fault, KeyError) else fault)
        if isinstance(fault, SenderFault):
            words = f"{fault.field}: {fault.message}; {fault.remedy}"
        self.line = given.line
        super().__init__(words)
