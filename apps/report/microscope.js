// The microscope of a report: what each layer of a probed run did, over time, from the JSON in
// #microscope-data. This file has the controls and what they move.
(() => {
'use strict';

const runs = JSON.parse(document.getElementById('microscope-data').textContent);
const {element, drawInScheme} = Charts;
const {unpack, timeAxis, shortNumber, TimeChart} = MicroscopeDrawing;
const {quantitiesOf, lossSpec, heatSpec, layerSpecs, colourLegend} = MicroscopeCharts;

const place = document.getElementById('microscope-charts');
const words = [...document.querySelectorAll('.microscope .words')];

function choice(label, options, chosen, onChange) {
  const select = element('select');
  options.forEach((text, value) => select.append(element('option', {value, textContent: text})));
  select.value = chosen;
  select.addEventListener('change', () => onChange(Number(select.value)));
  return {select, node: element('label', {}, element('span', {textContent: label}), select)};
}

// What a run shows, in `parent`; returns what draws it all again.
function show(run, parent) {
  const count = run.last.length;
  const time = timeAxis(run);
  const quantities = quantitiesOf(run);
  const [loss, rate] = [run.loss, run.learningRate].map(unpack);
  const state = {tensor: 0, column: count - 1, quantity: 0,
    signal: Math.max(0, run.signals.findIndex(({clips}) => clips))};
  const wide = element('div', {className: 'wide'});
  const heading = element('h3');
  const layer = element('div', {className: 'charts'});
  let charts = [];

  const stepName = column => `step ${run.last[column]}`;
  const clamped = (value, end) => Math.min(end - 1, Math.max(0, value));

  // Shows the numbers of a column; `at` is where in which chart the pointer is, if it is in one.
  function point(column, chart, at = {}) {
    for (const one of charts) one.show(column, one === chart ? at : {});
    const first = run.first[column] < run.last[column] ? `${run.first[column]} to ` : '';
    where.textContent = `step ${first}${run.last[column]}, epoch ${run.epoch[column]}, ` +
      `loss ${shortNumber(loss[column])}, learning rate ${shortNumber(rate[column])}`;
    const quantity = quantities[state.quantity];
    const row = at.row ?? state.tensor;
    here.textContent = quantity ? `${run.tensors[row].name}: ${quantity.title} ` +
      quantity.format(quantity.row(row)[column]) : '';
    slider.value = column;
    slider.setAttribute('aria-valuetext', where.textContent);
    if (table.open) fillTable(column);
  }

  function choose({column = state.column, row = state.tensor}) {
    state.column = clamped(column, count);
    const isOther = row !== state.tensor;
    state.tensor = clamped(row, run.tensors.length);
    if (isOther) {
      layers.select.value = state.tensor;
      heat.draw();
      showLayer();
    }
    point(state.column);
  }

  const moves = {
    point: (chart, at) => point(at.column, chart, at),
    leave: () => point(state.column),
    choose,
    step: (columns, rows) => choose({column: clamped(state.column + columns, count),
      row: clamped(state.tensor + rows, run.tensors.length)}),
    name: stepName,
  };

  function chart(into, spec) {
    const made = new TimeChart(into, time, spec, moves);
    made.column = state.column;
    charts.push(made);
    return made;
  }

  function forget(into) {
    charts = charts.filter(one => !into.contains(one.canvas));
    into.replaceChildren();
  }

  let heat;
  let legend;
  function showHeat() {
    forget(wide);
    chart(wide, lossSpec(run)).draw();
    if (quantities.length === 0) return;
    heat = chart(wide, heatSpec(run, quantities[state.quantity], state));
    legend = element('div');
    const beside = element('div', {className: 'beside'}, legend);
    heat.numbers.replaceWith(beside);
    beside.append(heat.numbers);
    drawHeat();
  }
  function drawHeat() {
    heat?.draw();
    legend?.replaceChildren(colourLegend(heat.spec, quantities[state.quantity]));
  }

  function showLayer() {
    const {name, shape, count: elements} = run.tensors[state.tensor];
    heading.textContent = `Layer ${name}`;
    heading.append(element('span', {className: 'note',
      textContent: ` ${shape}${shape.includes('×') ? ` = ${elements}` : ''} elements`}));
    forget(layer);
    for (const spec of layerSpecs(run, quantities, state)) chart(layer, spec).draw();
  }

  const shown = choice('Show', quantities.map(({title}) => title), 0, value => {
    state.quantity = value;
    showHeat();
    point(state.column);
  });
  const layers = choice('Layer', run.tensors.map(({name}) => name), 0, row => choose({row}));
  const signals = choice('Signal', run.signals.map(({label}) => label), state.signal, value => {
    state.signal = value;
    showLayer();
    point(state.column);
  });
  const slider = element('input', {type: 'range', min: 0, max: count - 1, value: state.column});
  slider.addEventListener('input', () => choose({column: Number(slider.value)}));
  const where = element('output');
  // Beside the controls, as a heat map of many layers is higher than the window.
  const here = element('b');

  const table = element('details', {}, element('summary',
    {textContent: 'All layers at the cursor, as a table'}), element('div', {className: 'scroll', tabIndex: 0}));
  table.addEventListener('toggle', () => fillTable(state.column));
  function fillTable(column) {
    const head = element('tr', {}, ...['layer', ...quantities.map(({title}) => title)]
      .map(text => element('th', {scope: 'col', textContent: text})));
    const rows = run.tensors.map(({name}, tensor) => element('tr', {},
      element('th', {scope: 'row', textContent: name}),
      ...quantities.map(one => element('td', {textContent: one.format(one.row(tensor)[column])}))));
    table.lastChild.replaceChildren(element('table', {},
      element('caption', {textContent: where.textContent}),
      element('thead', {}, head), element('tbody', {}, ...rows)));
  }

  const bar = element('div', {className: 'controls'}, shown.node, layers.node,
    ...(run.signals.length > 1 ? [signals.node] : []),
    element('label', {className: 'time'}, element('span', {textContent: 'Time'}), slider),
    element('div', {className: 'now'}, where, here));
  const columns = run.stepsPerColumn === 1 ? `Each column of a chart is a probed step, ` +
    `${run.every} after the one before.` : `Each column of a chart stands for ${run.stepsPerColumn} ` +
    `probed steps, which are ${run.every} apart.`;
  parent.append(bar, element('p', {className: 'note', textContent: columns + ' Vertical lines end ' +
    'epochs. Point at a chart for its numbers; click, or use the arrow keys in it, to move the cursor.'}),
    wide, heading, layer, table);
  showHeat();
  showLayer();
  point(state.column);
  return () => {
    for (const one of charts) one.draw();
    drawHeat();
  };
}

let redraw = () => {};
function open(index) {
  words.forEach(one => { one.hidden = one.dataset.run !== undefined && Number(one.dataset.run) !== index; });
  const parent = element('div');
  shownRun.replaceChildren(parent);
  redraw = show(runs[index], parent);
}

const shownRun = element('div');
if (runs.length > 1) {
  place.append(element('div', {className: 'controls'},
    choice('Run', runs.map(({label}) => label), 0, open).node));
}
if (runs.length > 0) {
  place.append(shownRun);
  drawInScheme([() => redraw()]);
  open(0);
  let waiting = 0;
  addEventListener('resize', () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => redraw());
  });
}
})();
