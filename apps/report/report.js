// Draws the charts of a Plastic report from the JSON in #report-data.
(() => {
'use strict';

const {tables} = JSON.parse(document.getElementById('report-data').textContent);
const {color, dashes, shape, element, smallest, largest, axis, isRound, tickText, legendOf,
  drawInScheme} = Charts;

const percent = {unit: '%', scale: 100, digits: 2};
const plain = {unit: '', scale: 1, digits: 4};
const APART = 'on the part of the training set that was set aside to choose by';
const CURVES = [
  {name: 'test_accuracy', title: 'Test accuracy', ...percent},
  {name: 'validation_accuracy', title: 'Validation accuracy', note: APART, ...percent},
  {name: 'train_accuracy', title: 'Training accuracy',
    note: 'over the batches as they were met, with dropout', ...percent},
  {name: 'test_loss', title: 'Test loss', ...plain},
  {name: 'validation_loss', title: 'Validation loss', note: APART, ...plain},
  {name: 'train_loss', title: 'Training loss',
    note: 'over the batches as they were met, with dropout', ...plain},
  {name: 'learning_rate', title: 'Learning rate', ...plain, logarithmic: true, fromZero: true},
];
const DIAGNOSTICS = [
  {name: 'alpha_mean', title: 'α: mean', ...plain},
  {name: 'alpha_std', title: 'α: standard deviation', ...plain},
  {name: 'alpha_median', title: 'α: median', ...plain},
  {name: 'alpha_fraction_near_min', title: 'α near its minimum', note: 'share of elements',
    ...percent},
  {name: 'alpha_fraction_near_max', title: 'α near its maximum', note: 'share of elements',
    ...percent},
  {name: 'alpha_min', title: 'α: smallest', ...plain},
  {name: 'alpha_max', title: 'α: largest', ...plain},
  {name: 'raw_gradient_norm', title: 'Norm of the gradient', ...plain},
  {name: 'raw_update_norm', title: 'Norm of the update', note: 'before homeostasis', ...plain},
  {name: 'effective_update_norm', title: 'Norm of the update', note: 'after homeostasis', ...plain},
  {name: 'plasticity_delta_norm', title: 'Norm of what plasticity adds', ...plain},
  {name: 'parameter_norm', title: 'Norm of the weights', ...plain},
];

function deviation(values, mean) {
  if (values.length < 2) return NaN;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

// A quantity over the epochs of a group: {runs: [[{x, y}]], points: [{x, y, deviation, count,
// chosen}], chosen: [{x, y}]}; `chosen` of a point is how many runs validation would end there.
function series(group, pick, quantity, isMarked) {
  const runs = group.runs.map(run => run.epochs
    .filter(epoch => typeof pick(epoch) === 'number')
    .map(epoch => ({x: epoch.epoch, y: quantity.scale * pick(epoch)})));
  // Where validation would have stopped each run.
  const chosen = isMarked ? group.runs.flatMap((run, index) =>
    runs[index].filter(({x}) => x === run.chosen)) : [];
  const byEpoch = new Map();
  for (const {x, y} of runs.flat()) {
    if (!byEpoch.has(x)) byEpoch.set(x, []);
    byEpoch.get(x).push(y);
  }
  const points = [...byEpoch].sort(([a], [b]) => a - b).map(([x, values]) => {
    const y = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {x, y, deviation: deviation(values, y), count: values.length,
      chosen: chosen.filter(one => one.x === x).length};
  });
  return {runs, points, chosen};
}

function format(value, quantity) {
  if (quantity.scale === 100) return value.toFixed(quantity.digits);
  return value.toLocaleString('en', {maximumSignificantDigits: quantity.digits, useGrouping: false});
}

function withDeviation(point, quantity) {
  const mean = format(point.y, quantity);
  return Number.isNaN(point.deviation) ? mean : `${mean} ± ${format(point.deviation, quantity)}`;
}

// Chart.js draws the first dataset last: marks and means on top, bands at the bottom.
const LAYERS = ['chosen', 'mean', 'run', 'band'];
// So many marks tell a line from others without hiding it.
const MARKS_ON_A_LINE = 20;

// The datasets of a group; the two edges of its band stay neighbours.
function datasets(group, index, {runs, points, chosen}) {
  const line = color(index);
  const common = {group: index, borderDash: dashes(index), clip: 6, pointRadius: 0,
    pointHitRadius: 0};
  const stride = Math.ceil(points.length / MARKS_ON_A_LINE);
  const list = [{...common, role: 'mean', label: group.name, data: points,
    borderColor: line, backgroundColor: line, borderWidth: 2.5, pointStyle: shape(index),
    pointRadius: ({dataIndex}) => dataIndex % stride === 0 ? 4.5 : 0, pointHoverRadius: 6,
    pointBorderWidth: 2, pointHitRadius: 8}];
  if (chosen.length > 0) {
    list.push({...common, role: 'chosen', data: chosen, showLine: false, borderColor: line,
      backgroundColor: 'transparent', pointStyle: 'circle', pointRadius: 7, pointBorderWidth: 2});
  }
  if (group.runs.length < 2) return list;
  for (const data of runs) {
    list.push({...common, role: 'run', data, borderColor: line + '66', borderWidth: 1});
  }
  const spread = points.filter(point => !Number.isNaN(point.deviation));
  const edge = sign => spread.map(({x, y, deviation: d}) => ({x, y: y + sign * d}));
  list.push({...common, role: 'band', data: edge(1), borderWidth: 0, fill: '+1',
    backgroundColor: line + '33'});
  list.push({...common, role: 'band', data: edge(-1), borderWidth: 0});
  return list;
}

// "81.20 ± 0.31 ○ 2": two runs chosen there.
function withMark(point, quantity, runs) {
  const mark = point.chosen === 0 ? '' : runs === 1 ? ' ○' : ` ○ ${point.chosen}`;
  return withDeviation(point, quantity) + mark;
}

function numbersTable(groups, quantity, all) {
  const shown = all.map((one, index) => ({
    name: groups[index].name, runs: groups[index].runs.length,
    byEpoch: new Map(one.points.map(point => [point.x, point])),
  })).filter(one => one.byEpoch.size > 0);
  const epochs = [...new Set(shown.flatMap(one => [...one.byEpoch.keys()]))].sort((a, b) => a - b);
  const head = element('tr', {}, ...['epoch', ...shown.map(one => one.name)]
    .map(text => element('th', {scope: 'col', textContent: text})));
  const rows = epochs.map(epoch => element('tr', {},
    element('th', {scope: 'row', textContent: epoch}),
    ...shown.map(one => {
      const point = one.byEpoch.get(epoch);
      return element('td', {textContent: point ? withMark(point, quantity, one.runs) : ''});
    })));
  return element('div', {className: 'scroll', tabIndex: 0},
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
}

// What a chart shows, for those who do not see it.
function description(groups, quantity, all) {
  const parts = all.flatMap(({points}, index) => points.length === 0 ? [] :
    [`${groups[index].name} from ${format(points[0].y, quantity)} ` +
     `to ${format(points.at(-1).y, quantity)}`]);
  return `${quantity.title}${quantity.unit && ', ' + quantity.unit} by epoch: ${parts.join('; ')}.`;
}

function epochRange(groups) {
  const epochs = groups.flatMap(group => group.runs).flatMap(run => run.epochs)
    .map(({epoch}) => epoch);
  const last = largest(epochs, 1);
  const first = smallest(epochs, last);
  // A range of one epoch would have no width.
  return {min: first, max: Math.max(last, first + 1)};
}

// Where the axis of values begins and ends: what does not change lies within it, at its value.
function valueRange(quantity, values, logarithmic) {
  const [low, high] = [smallest(values, Infinity), largest(values, -Infinity)];
  if (logarithmic) {
    return {min: 10 ** Math.floor(Math.log10(low)), max: 10 ** Math.ceil(Math.log10(high))};
  }
  if (quantity.fromZero && low >= 0) return {min: 0, suggestedMax: high > 0 ? 1.2 * high : 1};
  if (low < high) return {};
  const room = low === 0 ? 1 : Math.abs(low) / 10;
  return {suggestedMin: low - room, suggestedMax: low + room};
}

function options(quantity, logarithmic, epochs, range) {
  const style = getComputedStyle(document.documentElement);
  const [text, line, panel] = ['--quiet', '--line', '--background']
    .map(name => style.getPropertyValue(name).trim());
  const y = {...axis('', text, line), ...range, type: logarithmic ? 'logarithmic' : 'linear'};
  y.ticks.callback = (value, index, ticks) => {
    if (logarithmic) return isRound(value) ? String(Number(value.toPrecision(6))) : '';
    return tickText(value, ticks.length > 1 ? Math.abs(ticks[1].value - ticks[0].value) : 1);
  };
  const x = {...axis('epoch', text, line), type: 'linear', ...epochs};
  x.ticks.precision = 0;
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: {mode: 'x', intersect: false},
    layout: {padding: {right: 8}},
    scales: {x, y},
    plugins: {
      legend: {display: false},
      tooltip: {
        backgroundColor: panel, titleColor: text, bodyColor: text, borderColor: line,
        borderWidth: 1, usePointStyle: true,
        filter: item => item.dataset.role === 'mean',
        callbacks: {
          title: items => items.length > 0 ? `epoch ${items[0].parsed.x}` : '',
          label: item => ` ${item.dataset.label}: ${withDeviation(item.raw, quantity)}` +
            (quantity.unit && ' ' + quantity.unit),
        },
      },
    },
  };
}

// Adds the figure of a quantity to `parent`, unless no run has it; returns a function that redraws it.
// What validation chose is marked in it where `isMarked`.
function figure(groups, parent, quantity, pick, isMarked) {
  const all = groups.map(group => series(group, pick, quantity, isMarked));
  const values = all.flatMap(one => one.points.map(point => point.y));
  if (values.length === 0) return [];
  const logarithmic = quantity.logarithmic === true && smallest(values, Infinity) > 0 &&
    largest(values, 0) > 5 * smallest(values, Infinity);
  const range = valueRange(quantity, values, logarithmic);
  const epochs = epochRange(groups);
  const canvas = element('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', description(groups, quantity, all));
  const note = [quantity.note, logarithmic ? 'logarithmic scale' : ''].filter(Boolean).join('; ');
  parent.append(element('figure', {},
    element('figcaption', {}, quantity.title + (quantity.unit && ', ' + quantity.unit),
      element('span', {textContent: note})),
    element('div', {className: 'plot'}, canvas),
    element('details', {}, element('summary', {textContent: 'As a table'}),
      numbersTable(groups, quantity, all))));
  let chart;
  return [hidden => {
    chart?.destroy();
    const sets = all
      .flatMap((one, index) => one.points.length > 0 ? datasets(groups[index], index, one) : [])
      .sort((a, b) => LAYERS.indexOf(a.role) - LAYERS.indexOf(b.role))
      .map(set => ({...set, hidden: hidden.has(set.group)}));
    chart = new Chart(canvas, {type: 'line', data: {datasets: sets},
      options: options(quantity, logarithmic, epochs, range)});
  }];
}

function unknownDiagnostics(groups) {
  const known = new Set(DIAGNOSTICS.map(quantity => quantity.name));
  const names = groups.flatMap(group => group.runs).flatMap(run => run.epochs)
    .flatMap(epoch => Object.keys(epoch.diagnostics ?? {}));
  return [...new Set(names)].filter(name => !known.has(name))
    .map(name => ({name, title: name.replaceAll('_', ' '), ...plain}));
}

// Shows a table's groups in `place`; returns a function that redraws it.
function show(groups, place) {
  const legend = element('nav', {className: 'legend'});
  legend.setAttribute('aria-label', 'Show or hide in every chart');
  const curves = element('div', {className: 'charts'});
  const diagnostics = element('div', {className: 'charts small'});
  const quantities = [...DIAGNOSTICS, ...unknownDiagnostics(groups)];
  const figures = [
    ...CURVES.flatMap(quantity => figure(groups, curves, quantity, epoch => epoch[quantity.name],
      quantity.name !== 'learning_rate')),
    ...quantities.flatMap(quantity =>
      figure(groups, diagnostics, quantity, epoch => epoch.diagnostics?.[quantity.name], false)),
  ];
  if (figures.length === 0) return () => {};
  place.append(legend, element('h3', {textContent: 'Curves'}));
  if (groups.some(group => group.runs.length > 1)) {
    place.append(element('p', {className: 'note', textContent: 'Thick lines are means over the ' +
      'seeds, bands one sample standard deviation to either side, thin lines single runs.'}));
  }
  if (groups.some(group => group.runs.some(run => run.chosen !== undefined))) {
    place.append(element('p', {className: 'note', textContent: 'Rings, in tables ○ with the number ' +
      'of runs, mark the epoch of the best validation accuracy of each run.'}));
  }
  place.append(curves);
  if (diagnostics.childElementCount > 0) {
    place.append(element('h3', {textContent: 'NeuroPlastic from within'}),
      element('p', {className: 'note', textContent: 'Means over the steps of an epoch. α is the ' +
        'plasticity coefficient that scales each gradient.'}), diagnostics);
  }

  return legendOf(groups.map(({name}) => name), legend, hidden => {
    for (const redraw of figures) redraw(hidden);
  });
}

const draws = tables.map(({groups}, index) =>
  show(groups, document.getElementById(`curves-${index}`)));
drawInScheme(draws);
})();
