"""Reads the event files of plastic train and compare --tensorboard by TensorBoard's own reader.

usage: read_events.py PLASTIC
"""
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

program = sys.argv[1]
# Of 10000 images 2250 in batches of 15: 150 steps per epoch, of which every third is written.
SETTINGS = ['--fraction', '0.3', '--validation', '0.25', '--hidden', '16', '--batch-size', '15',
            '--threads', '1', '--np.diagnostics', '--tensorboard']
STEPS = 150


def command(*arguments):
    return [program, *map(str, arguments)]


def run(*arguments):
    subprocess.run(command(*arguments), check=True, stdout=subprocess.DEVNULL)


def read(folder):
    reader = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0})
    reader.Reload()
    return reader


def scalars(reader, tag):
    return [(event.step, event.value) for event in reader.Scalars(tag)]


def metrics(folder):
    return [json.loads(line) for line in open(Path(folder) / 'metrics.jsonl')]


def check(condition, what):
    if not condition:
        sys.exit(f'read_events.py: {what}')


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-30)


def tag_of(metric):
    part, _, what = metric.partition('_')
    return f'{what}/{part}' if what in ('loss', 'accuracy') else metric


def check_metrics(reader, folder, steps):
    """All numbers of metrics.jsonl, and no others, by epoch."""
    epochs = metrics(folder)
    wanted = {tag_of(name): [epoch[name] for epoch in epochs] for name in epochs[0]
              if name != 'diagnostics'}
    for name in epochs[0]['diagnostics']:
        wanted[f'diagnostics/{name}'] = [epoch['diagnostics'][name] for epoch in epochs]
    found = set(reader.Tags()['scalars'])
    check(found == set(wanted) | {'loss/batch'}, f'tags {sorted(found)}')
    for tag, values in wanted.items():
        events = scalars(reader, tag)
        check([step for step, _ in events] == [(i + 1) * steps for i in range(len(epochs))],
              f'{tag}: {events}')
        check(all(close(event[1], value) for event, value in zip(events, values)),
              f'{tag}: {events}, expected {values}')


def main():
    folder = Path(tempfile.mkdtemp())
    whole, parts = folder / 'whole', folder / 'parts'
    run('train', *SETTINGS, '--epochs', 3, '--out', whole)
    reader = read(whole)
    check_metrics(reader, whole, STEPS)
    batches = scalars(reader, 'loss/batch')
    expected = [epoch * STEPS + step for epoch in range(3) for step in range(1, STEPS + 1)
                if step == 1 or step % 3 == 0]
    check([step for step, _ in batches] == expected, f'loss/batch at {batches}')
    check(abs(batches[0][1] - math.log(10)) < 0.5, f'the first loss is {batches[0]}')
    # The mean over a third of the batches is near that over all.
    third = [loss for step, loss in batches if step > 2 * STEPS]
    mean = sum(third) / len(third)
    check(abs(mean / metrics(whole)[2]['train_loss'] - 1) < 0.2, f'mean loss {mean}')

    text = reader.Tensors('config/text_summary' if 'config/text_summary' in
                          reader.Tags()['tensors'] else 'config')
    shown = text[0].tensor_proto.string_val[0].decode()
    check('| batch-size | `15` |' in shown, shown)
    content = reader.SummaryMetadata('_hparams_/session_start_info').plugin_data.content
    hparams = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    check(hparams['batch-size'].number_value == 15, hparams)
    check(hparams['tensorboard'].bool_value is True, hparams)
    check(hparams['optimizer'].string_value == 'neuroplastic', hparams)

    # Stopped within epochs, killed, and continued: no step is there twice, and the numbers are those
    # of a run that was not.
    run('train', *SETTINGS, '--epochs', 1, '--out', parts)
    for stop in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(command('train', '--resume', parts, '--epochs', 3),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = len(list(parts.glob('events*')))
        for _ in range(2000):
            time.sleep(0.005)
            newest = sorted(parts.glob('events*'))[-1]
            # A few losses beyond what each file begins with.
            if len(list(parts.glob('events*'))) > files and newest.stat().st_size > 3500:
                break
        process.send_signal(stop)
        process.wait()
        if len(metrics(parts)) < 3:
            # Readable as it is.
            check(scalars(read(parts), 'loss/batch'), 'nothing after a stop')
    # As if the kill had come in the middle of a record.
    with open(sorted(parts.glob('events*'))[-1], 'rb+') as file:
        file.truncate(os.fstat(file.fileno()).st_size - 5)
    run('train', '--resume', parts, '--epochs', 3)
    again = read(parts)
    check(len(list(parts.glob('events*'))) == 4, 'a file for each start')
    check_metrics(again, parts, STEPS)
    check(scalars(again, 'loss/batch') == batches,
          f'after stops {scalars(again, "loss/batch")}, expected {batches}')

    # A comparison has them for each run, and a folder that is used again has no old ones.
    compared = folder / 'compared'
    run('compare', '--optimizers', 'sgd,adam', '--seeds', '1', '--epochs', '1', '--out', compared,
        '--fraction', '0.1', '--tensorboard', '--threads', '1')
    for name in ('sgd', 'adam'):
        check(len(scalars(read(compared / f'{name}-seed-1'), 'accuracy/test')) == 1, name)
    run('train', *SETTINGS, '--epochs', 1, '--out', parts, '--overwrite')
    check_metrics(read(parts), parts, STEPS)
    check(len(list(parts.glob('events*'))) == 1, 'files of the run before are left')


main()
