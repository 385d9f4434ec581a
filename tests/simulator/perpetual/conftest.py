from tests.fixtures.perpetuals import perpetuals
from tests.fixtures.simulator import simulators

__all__ = ["perpetuals", "simulators"]
