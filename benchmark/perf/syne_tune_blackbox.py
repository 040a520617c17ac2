"""How many simulated evaluations a second syne-tune makes of a table in memory; the yardstick of `synthetic.py`.

    pip install syne-tune        # in an environment of its own
    python benchmark/perf/syne_tune_blackbox.py [--configurations 2000]

syne-tune's published tables are downloads; this one is made up and of a size that favours it: one fidelity, one seed,
two objectives, eight integer hyperparameters, as many as an eight-node graph has nodes. Prints JSON, per second of
processor time. "lookups": the tabular blackbox asked for one configuration after the other; "simulated": whole trials
under its tuner with random search on the simulator back end, one worker.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from importlib.metadata import version

import numpy as np
import pandas as pd
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository.blackbox_tabular import BlackboxTabular
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.config_space import randint
from syne_tune.optimizer.baselines import RandomSearch

NAMES = [f"node{i}" for i in range(8)]
EPOCH = {"epoch": randint(1, 1)}


def table(count: int) -> BlackboxTabular:
    """Distinct configurations with an accuracy and the seconds that it took."""
    rng = np.random.default_rng(0)
    rows = np.unique(rng.integers(0, 14, size=(2 * count, len(NAMES))), axis=0)[:count]
    values = np.stack([rng.random(len(rows)), 1 + rng.random(len(rows))], axis=-1)
    return BlackboxTabular(
        hyperparameters=pd.DataFrame(rows, columns=NAMES),
        configuration_space={name: randint(0, 13) for name in NAMES},
        fidelity_space=EPOCH,
        objectives_evaluations=values.reshape(len(rows), 1, 1, 2),
        objectives_names=["accuracy", "seconds"],
    )


def lookups(blackbox: BlackboxTabular) -> float:
    """Configurations a second."""
    configurations = blackbox.hyperparameters.to_dict("records")
    started = time.process_time()
    for configuration in configurations:
        blackbox.objective_function(configuration, fidelity={"epoch": 1}, seed=0)
    return len(configurations) / (time.process_time() - started)


def simulated(blackbox: BlackboxTabular, trials: int) -> float:
    """Trials a second, the tuner's own work included."""
    points = blackbox.hyperparameters.to_dict("records")[: trials + 10]  # it starts some that it does not finish
    space = {**blackbox.configuration_space, "epoch": 1}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SYNETUNE_FOLDER"] = folder  # else its results go to the home directory
        tuner = Tuner(
            trial_backend=UserBlackboxBackend(blackbox, elapsed_time_attr="seconds", max_resource_attr="epoch"),
            scheduler=RandomSearch(
                space, metrics=["accuracy"], do_minimize=False, random_seed=0,
                points_to_evaluate=[{**point, "epoch": 1} for point in points],
            ),
            stop_criterion=StoppingCriterion(max_num_trials_finished=trials),
            n_workers=1,
            sleep_time=0,
            callbacks=[SimulatorCallback()],
            save_tuner=False,
            trial_backend_path=folder,
        )  # fmt: skip
        started = time.process_time()
        tuner.run()
        return trials / (time.process_time() - started)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=300)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    blackbox = table(arguments.configurations)
    rates = {"lookups": round(lookups(blackbox), 1), "simulated": round(simulated(blackbox, arguments.trials), 1)}
    print(json.dumps({"syne_tune": version("syne-tune"), "evaluations_per_second": rates}))


if __name__ == "__main__":
    main()
