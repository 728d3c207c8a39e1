"""The lifecycle of one taskforce: state, commands, events, `decide`, `evolve`, `react`."""
