"""Stories of a store, beside a model of it (see `faults_model`)."""

import pytest
from faults_model import StoreMachine, at_size

pytestmark = pytest.mark.faults

_STEPS = 2000
"""More with `tools/faults_store.py model`."""

StoreMachine.TestCase.settings = at_size(_STEPS)
TestStore = StoreMachine.TestCase
