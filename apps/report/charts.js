// What the scripts of Plastic's pages share: colours and shapes that tell series apart, axes, the
// legend.
const Charts = (() => {
'use strict';

const dark = matchMedia('(prefers-color-scheme: dark)');

// Okabe and Ito's colours, which colour-blind readers can tell apart, darkened or lightened where
// the background asks for it. Shapes and dashes tell series apart as well: of 36 series no two
// share a colour and a shape, or a colour and dashes, and of 216 none shares all three.
const COLORS = {
  light: ['#0072b2', '#d55e00', '#00805c', '#a8407f', '#8a6d00', '#3d4650'],
  dark: ['#56b4e9', '#ff8f4a', '#2fcf9f', '#ee9fcb', '#f0d83c', '#d7dde4'],
};
const SHAPES = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [16, 5], [4, 2, 1, 2]];
const SIX = SHAPES.length;
const round = group => Math.floor(group / SIX);
const color = group => COLORS[dark.matches ? 'dark' : 'light'][group % SIX];
const dashes = group => DASHES[round(group) % SIX];
const shape = group => SHAPES[(group + round(group) + Math.floor(round(group) / SIX)) % SIX];

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// Math.min(...values) takes so many arguments only.
const smallest = (values, otherwise) => values.reduce((a, b) => Math.min(a, b), otherwise);
const largest = (values, otherwise) => values.reduce((a, b) => Math.max(a, b), otherwise);

function axis(title, text, line) {
  return {
    title: {display: title !== '', text: title, color: text},
    ticks: {color: text, maxTicksLimit: 8},
    grid: {color: line, borderColor: line, tickColor: line},
  };
}

// Of a logarithmic axis, 1, 2 and 5 times the powers of ten.
function isRound(value) {
  const mantissa = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some(round => Math.abs(mantissa / round - 1) < 1e-6);
}

function tickText(value, step) {
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(1);
  return value.toFixed(Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))));
}

function drawing(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// The shapes of the charts' points around (19, 8).
const OUTLINES = {
  circle: 'M14,8 a5,5 0 1,0 10,0 a5,5 0 1,0 -10,0 Z',
  rect: 'M14.5,3.5 h9 v9 h-9 Z',
  triangle: 'M19,2.5 L24.5,12 H13.5 Z',
  rectRot: 'M19,2 L25,8 L19,14 L13,8 Z',
  crossRot: 'M15,4 L23,12 M23,4 L15,12',
  star: 'M13.5,8 H24.5 M19,2.5 V13.5 M15,4 L23,12 M23,4 L15,12',
};

// A stretch of a group's line with its mark, as the charts draw them.
function markOf(index) {
  const line = drawing('line', {x1: 0, y1: 8, x2: 38, y2: 8, 'stroke-width': 2.5,
    'stroke-dasharray': dashes(index).join(' ') || 'none'});
  const point = drawing('path', {d: OUTLINES[shape(index)], 'stroke-width': 1.5});
  return drawing('svg', {class: 'mark', viewBox: '0 0 38 16', 'aria-hidden': 'true'}, line, point);
}

// Fills `legend` with a button for each name, which hides and shows its series: `draw` is called with
// the set of the hidden ones' numbers, which are those of their places unless `numbers` gives
// others. Gives back what draws marks and charts in the colours of the present scheme.
function legendOf(names, legend, draw, numbers = [...names.keys()]) {
  const hidden = new Set();
  const marks = names.map((name, index) => {
    const mark = markOf(numbers[index]);
    const button = element('button', {type: 'button'}, mark, name);
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      if (!hidden.delete(numbers[index])) hidden.add(numbers[index]);
      button.setAttribute('aria-pressed', String(!hidden.has(numbers[index])));
      redraw();
    });
    legend.append(button);
    return mark;
  });
  function redraw() {
    marks.forEach((mark, index) => {
      mark.setAttribute('stroke', color(numbers[index]));
      mark.setAttribute('fill', color(numbers[index]));
    });
    draw(hidden);
  }
  return redraw;
}

// Draws all now and whenever the reader's scheme changes.
function drawInScheme(draws) {
  const drawAll = () => { for (const draw of draws) draw(); };
  dark.addEventListener('change', drawAll);
  drawAll();
}

return {color, dashes, shape, element, smallest, largest, axis, isRound, tickText, legendOf,
  drawInScheme};
})();
