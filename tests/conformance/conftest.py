from tests.fixtures.simulator import simulator, simulators

__all__ = ["simulator", "simulators"]
