// The charts of the microscope, as specifications of MicroscopeDrawing.TimeChart. Knows the names of
// NeuroPlastic's numbers; those of others are shown as they are.
const MicroscopeCharts = (() => {
'use strict';

const {color, dashes, element, smallest, largest} = Charts;
const {unpack, unpackShares, palette, paintCells, scaleOf, shortNumber, shortPercent} = MicroscopeDrawing;

const NAMES_WIDTH = 170;
const AXIS_WIDTH = 58;

// By name, in the order in which they are offered; the signal's own come first.
const OF_A_SIGNAL = {
  mean: {title: signal => `${signal}, mean`},
  at_low: {title: signal => `${signal} at its lower clip`, share: true},
  at_high: {title: signal => `${signal} at its upper clip`, share: true},
  deviation: {title: signal => `${signal}, standard deviation`},
};
const KNOWN = {
  ratio: {title: 'update / weight', note: 'norm of the update over the norm of the weights'},
  cosine: {title: 'cosine of successive updates',
    note: '1: the same direction as the update before; -1: the opposite', range: [-1, 1], middle: 0},
  norm_clip: {title: 'norm clip', note: 'factor by which the limit on the norm shrank the update',
    range: [0, 1], inverted: true},
  gain: {title: 'homeostatic gain', note: 'factor from 0.5 to 1.5 by which the update was scaled',
    middle: 1},
  gradient_norm: {title: 'gradient norm'},
  update_norm: {title: 'update norm'},
  weight_norm: {title: 'weight norm'},
};

function kindOf({name, signal, label, low, high}) {
  const kind = signal ? OF_A_SIGNAL[name] : KNOWN[name];
  // Of what has both signs, 0 is the middle.
  const middle = low < 0 && high > 0 ? {middle: 0} : {};
  if (kind) return {...middle, ...kind, title: signal ? kind.title(label) : kind.title};
  return {...middle, title: name.replaceAll('_', ' '), share: name.endsWith('_share')};
}

// A quantity with its numbers by tensor, unpacked when they are first asked for.
function quantityOf(run, json) {
  const label = run.signals.find(({name}) => name === json.signal)?.label;
  const kind = kindOf({...json, label});
  const columns = run.last.length;
  let all;
  const values = () => all ??= unpack(json);
  const format = kind.share ? shortPercent : shortNumber;
  return {...json, ...kind, format, values,
    row: tensor => values().subarray(tensor * columns, (tensor + 1) * columns)};
}

function quantitiesOf(run) {
  const all = run.quantities.map(json => quantityOf(run, json));
  const main = run.signals.find(({clips}) => clips) ?? run.signals[0];
  // What is divided by its own mean has a mean of 1 throughout, which is nothing to look at.
  const isPlain = one => one.name === 'mean' && Math.abs(one.low - 1) < 0.01 &&
    Math.abs(one.high - 1) < 0.01;
  const ofSignal = signal => Object.keys(OF_A_SIGNAL)
    .flatMap(name => all.filter(one => one.signal === signal.name && one.name === name))
    .filter(one => signal === main || !isPlain(one));
  const known = Object.keys(KNOWN).flatMap(name => all.filter(one => !one.signal && one.name === name));
  const rest = all.filter(one => !one.signal && !(one.name in KNOWN));
  return [...(main ? ofSignal(main) : []), ...known, ...rest,
    ...run.signals.filter(one => one !== main).flatMap(ofSignal)];
}

const RULES = {mean: 'means', largest: 'the largest', smallest: 'the smallest'};

// "the largest of each column's steps", of quantities that are shown together.
function columnNote(run, quantities) {
  if (run.stepsPerColumn === 1) return '';
  const rules = [...new Set(quantities.map(({rule}) => rule))].map(rule => {
    const of = quantities.filter(one => one.rule === rule).map(({title}) => title);
    return of.length === quantities.length ? RULES[rule] : `${RULES[rule]} (${of.join(', ')})`;
  });
  return `${rules.join(' and ')} of each column's steps`;
}

function joined(...parts) { return parts.filter(Boolean).join('; '); }

// Where the colours of a quantity begin and end.
function colourScale(quantity) {
  let [low, high] = [quantity.low, quantity.high];
  if (quantity.range) [low, high] = quantity.range;
  if (quantity.inverted) low = Math.min(quantity.low, 0.999);
  if (quantity.middle !== undefined && !quantity.range) {
    const room = Math.max(Math.abs(quantity.low - quantity.middle),
      Math.abs(quantity.high - quantity.middle)) || 0.01;
    [low, high] = [quantity.middle - room, quantity.middle + room];
  }
  if (quantity.share) [low, high] = [0, quantity.high || 1];
  const isLogarithmic = quantity.logarithmic && !quantity.range && quantity.middle === undefined &&
    !quantity.share;
  const scale = scaleOf(low, high, isLogarithmic);
  return {...scale, kind: quantity.middle === undefined ? 'sequential' : 'diverging',
    inverted: quantity.inverted === true};
}

function inPercent(scale) {
  return {...scale, ticks: count => scaleOf(100 * scale.low, 100 * scale.high, false).ticks(count)
    .map(({value, text}) => ({value: value / 100, text: `${text}%`}))};
}

// A scale for lines, with room above and below.
function lineScale(rows, {range, share} = {}) {
  const values = rows.flatMap(row => [...row].filter(Number.isFinite));
  const [low, high] = [smallest(values, Infinity), largest(values, -Infinity)];
  if (range) return scaleOf(...range, false);
  if (low > high) return scaleOf(0, 1, false);
  if (share) return inPercent(scaleOf(0, Math.min(1, Math.max(0.01, high * 1.1)), false));
  const above = smallest(values.filter(value => value > 0), Infinity);
  if (low >= 0 && high / above > 20) return scaleOf(above / 1.2, high * 1.2, true);
  const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return scaleOf(low - room, high + room, false);
}

function tracePath(context, values, area, scale, x) {
  context.beginPath();
  let isDown = false;
  values.forEach((value, column) => {
    if (!Number.isFinite(value) || (scale.logarithmic && value <= 0)) {
      isDown = false;
      return;
    }
    const y = area.top + area.height * (1 - scale.share(value));
    const middle = (x(column) + x(column + 1)) / 2;
    if (isDown) context.lineTo(middle, y); else context.moveTo(middle, y);
    // A number alone between two gaps is a line of one column.
    if (!isDown && !Number.isFinite(values[column + 1])) context.lineTo(middle + 1, y);
    isDown = true;
  });
  context.stroke();
}

function clipped(context, area, draw) {
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  draw();
  context.restore();
}

function linesSpec(run, title, note, lines, scale, height = 130) {
  return {
    title, note, height, left: AXIS_WIDTH, axis: scale,
    label: `${title} over time; the arrow keys move the cursor`,
    paint(context, area, theme, x) {
      clipped(context, area, () => lines.forEach(({values, band}, index) => {
        context.strokeStyle = color(index);
        if (band) {
          context.fillStyle = color(index) + '40';
          for (let column = 0; column < run.last.length; ++column) {
            const [top, bottom] = [band.high[column], band.low[column]]
              .map(value => area.top + area.height * (1 - scale.share(value)));
            context.fillRect(x(column), top, x(column + 1) - x(column), Math.max(1, bottom - top));
          }
        }
        context.lineWidth = 2;
        context.setLineDash(dashes(index));
        tracePath(context, values, area, scale, x);
        context.setLineDash([]);
      }));
    },
    readout: column => lines.map(({text, values, format}, index) =>
      ({text, value: format(values[column]), color: color(index)})),
  };
}

function lossSpec(run) {
  const [loss, low, high, rate] =
    [run.loss, run.lossLow, run.lossHigh, run.learningRate].map(unpack);
  const band = run.stepsPerColumn > 1 ? {low, high} : undefined;
  const spec = linesSpec(run, 'Loss', joined('of the training batch',
    band ? "means of each column's steps, the band from the smallest to the largest" : ''),
    [{text: 'loss', values: loss, band, format: shortNumber}], lineScale([loss, low, high]), 110);
  const readout = spec.readout;
  return {...spec, left: NAMES_WIDTH, readout: column =>
    [...readout(column), {text: 'learning rate', value: shortNumber(rate[column])}]};
}

function shortened(context, name, width) {
  if (context.measureText(name).width <= width) return name;
  for (let kept = name.length - 1; kept > 2; --kept) {
    const text = '…' + name.slice(-kept);
    if (context.measureText(text).width <= width) return text;
  }
  return name;
}

function heatSpec(run, quantity, state) {
  const names = run.tensors.map(({name}) => name);
  const rowHeight = names.length <= 12 ? 26 : Math.max(4, Math.min(14, Math.floor(900 / names.length)));
  const scale = colourScale(quantity);
  const values = quantity.values();
  const columns = run.last.length;
  return {
    title: 'Layers over time: ' + quantity.title,
    note: joined(quantity.note, columnNote(run, [quantity]),
      scale.logarithmic ? 'logarithmic colours' : ''),
    label: `${quantity.title} of each layer over time; left and right move in time, up and down ` +
      'choose a layer',
    height: rowHeight * names.length, left: NAMES_WIDTH, isFilled: true, rows: names.length,
    row: () => state.tensor, scale,
    paint(context, area, theme) {
      paintCells(context, area, columns, names.length, palette(scale.kind, scale.inverted),
        (column, row) => scale.share(values[row * columns + column]));
      const size = Math.min(12, Math.max(9, rowHeight - 2));
      const stride = Math.ceil(size / rowHeight);
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      names.forEach((name, row) => {
        if (row !== state.tensor && row % stride !== 0) return;
        context.font = `${row === state.tensor ? 'bold ' : ''}${size}px ${theme.font}`;
        context.fillStyle = row === state.tensor ? theme.accent : theme.quiet;
        context.fillText(shortened(context, name, NAMES_WIDTH - 8), area.left - 6,
          area.top + (row + 0.5) * rowHeight);
      });
    },
    readout: (column, {row = state.tensor}) =>
      [{text: names[row], value: quantity.format(values[row * columns + column])}],
  };
}

function stripSpec(run, signal, tensor) {
  const columns = run.last.length;
  const shares = unpackShares(signal.histograms[tensor], columns, run.bins, signal.largest[tensor]);
  const levels = run.levels;
  const all = unpack(signal.quantiles);
  const quantiles = levels.map((_, level) => {
    const begin = (tensor * levels.length + level) * columns;
    return all.subarray(begin, begin + columns);
  });
  const scale = scaleOf(signal.low, signal.high, signal.logarithmic);
  const top = Math.sqrt(signal.largest[tensor]) || 1;
  const middle = levels.findIndex(level => level === 0.5);
  const percentile = level => level === 0.5 ? 'median' : `${shortNumber(100 * level)}%`;
  return {
    title: `${signal.label} of ${run.tensors[tensor].name}`,
    note: joined('darker or brighter: more elements', signal.logarithmic ? 'logarithmic scale' : '',
      `lines: quantiles ${levels.map(percentile).join(', ')}`),
    label: `${signal.label} of ${run.tensors[tensor].name}, its histogram over time; the arrow keys ` +
      'move the cursor',
    height: 240, left: AXIS_WIDTH, axis: scale, isFilled: true,
    paint(context, area, theme, x) {
      paintCells(context, area, columns, run.bins, palette('sequential'), (column, row) =>
        Math.sqrt(shares[column * run.bins + run.bins - 1 - row]) / top);
      clipped(context, area, () => quantiles.forEach((values, level) => {
        context.strokeStyle = color(1);
        context.lineWidth = level === middle ? 2.5 : 1.25;
        context.setLineDash(level === 0 || level === levels.length - 1 ? [3, 3] : []);
        tracePath(context, values, area, scale, x);
        context.setLineDash([]);
      }));
    },
    readout: (column, {up}) => {
      const parts = levels.map((level, index) =>
        ({text: percentile(level), value: shortNumber(quantiles[index][column])}));
      if (up === undefined || up < 0 || up > 1) return parts;
      const bin = Math.min(run.bins - 1, Math.floor(up * run.bins));
      const edges = [bin, bin + 1].map(edge => shortNumber(scale.valueAt(edge / run.bins)));
      const share = shares[column * run.bins + bin];
      return [...parts, {text: `${edges[0]} to ${edges[1]}:`, value: shortPercent(share)}];
    },
  };
}

const shareName = name => name.replace(/_share$/, '').replaceAll('_', ' ');

// Shares that add up to 1, one on the other.
function stackSpec(run, quantities, tensor) {
  const rows = quantities.map(one => one.row(tensor));
  const scale = inPercent(scaleOf(0, 1, false));
  return {
    title: `Shares of the signals in ${run.tensors[tensor].name}`,
    note: 'means over its elements',
    label: `Shares of ${quantities.map(({name}) => shareName(name)).join(', ')} over time; the arrow ` +
      'keys move the cursor',
    height: 240, left: AXIS_WIDTH, axis: scale, isFilled: true,
    paint(context, area, theme, x) {
      for (let column = 0; column < run.last.length; ++column) {
        const [x1, x2] = [x(column), x(column + 1)].map(Math.round);
        let below = 0;
        rows.forEach((row, index) => {
          if (!Number.isFinite(row[column])) return;
          const [y1, y2] = [below + row[column], below]
            .map(share => area.top + area.height * (1 - Math.min(1, Math.max(0, share))));
          context.fillStyle = color(index) + 'cc';
          context.fillRect(x1, y1, x2 - x1, y2 - y1);
          below += row[column];
        });
      }
    },
    readout: column => quantities.map(({name}, index) => ({text: shareName(name),
      value: shortPercent(rows[index][column]), color: color(index)})),
  };
}

// The charts of the chosen layer.
function layerSpecs(run, quantities, state) {
  const tensor = state.tensor;
  const {name} = run.tensors[tensor];
  const own = quantities.filter(one => !one.signal);
  const find = wanted => own.find(one => one.name === wanted);
  const signal = run.signals[state.signal];
  const specs = [];
  if (signal) specs.push(stripSpec(run, signal, tensor));
  const shares = own.filter(one => one.name.endsWith('_share'));
  if (shares.length > 0) specs.push(stackSpec(run, shares, tensor));
  const lines = (title, list, options) => {
    const present = list.filter(Boolean);
    if (present.length === 0) return;
    const rows = present.map(one => one.row(tensor));
    const note = joined(present.length === 1 ? present[0].note : '', columnNote(run, present));
    specs.push(linesSpec(run, `${title} of ${name}`, note, present.map((one, index) =>
      ({text: options?.texts?.[index] ?? one.title, values: rows[index], format: one.format})),
      lineScale(rows, options)));
  };
  const clips = quantities.filter(one => one.signal === signal?.name && one.name.startsWith('at_'));
  lines(`${signal?.label} at a clip`, clips, {share: true, texts: ['at the lower', 'at the upper']});
  lines('Update / weight', [find('ratio')]);
  lines('Cosine of successive updates', [find('cosine')], {range: [-1, 1]});
  lines('Homeostasis', [find('norm_clip'), find('gain')]);
  lines('Norms', ['gradient_norm', 'update_norm', 'weight_norm'].map(find));
  for (const other of own.filter(one => !(one.name in KNOWN) && !one.name.endsWith('_share'))) {
    lines(other.title, [other]);
  }
  return specs;
}

// A strip of the heat map's colours with the numbers at its ends.
function colourLegend({scale}, quantity) {
  const colors = palette(scale.kind, scale.inverted);
  const bar = element('i');
  bar.style.background = `linear-gradient(to right, ${[0, 51, 102, 153, 204, 255]
    .map(index => `rgb(${colors[index].join(', ')})`).join(', ')})`;
  return element('span', {className: 'colors'}, quantity.format(scale.low), bar,
    quantity.format(scale.high));
}

return {quantitiesOf, lossSpec, heatSpec, layerSpecs, colourLegend};
})();
