"""Speed as ratios: every figure beside a floor that is measured in the same run, turn and turn about."""
