// What the charts of the microscope are drawn with: numbers out of their packed form, colours, axes, and
// a chart over time on a canvas, with a cursor that mouse and keyboard move.
const MicroscopeDrawing = (() => {
'use strict';

const {element, isRound, tickText} = Charts;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUE = new Uint8Array(128);
[...DIGITS].forEach((digit, value) => { VALUE[digit.charCodeAt(0)] = value; });
const LARGEST_CODE = 64 ** 3 - 1;

// The numbers of packed_numbers() (microscope_json.cpp); NaN where there is none.
function unpack({low, high, logarithmic, data}) {
  const numbers = new Float64Array(data.length / 3);
  const [begin, end] = logarithmic ? [Math.log(low), Math.log(high)] : [low, high];
  // What stands for no number, and in a logarithmic range for 0, comes first.
  const first = logarithmic ? 2 : 1;
  for (let i = 0; i < numbers.length; ++i) {
    const code = VALUE[data.charCodeAt(3 * i)] * 4096 + VALUE[data.charCodeAt(3 * i + 1)] * 64 +
      VALUE[data.charCodeAt(3 * i + 2)];
    const share = (code - first) / (LARGEST_CODE - first);
    const place = begin * (1 - share) + end * share;
    if (code < first) numbers[i] = code === 0 ? NaN : 0;
    else numbers[i] = logarithmic ? Math.exp(place) : place;
  }
  return numbers;
}

// The shares of packed_shares(): (columns, bins); NaN in a column without a histogram.
function unpackShares(text, columns, bins, largest) {
  const shares = new Float32Array(columns * bins);
  let at = 0;
  const digit = () => VALUE[text.charCodeAt(at++)];
  for (let column = 0; column < columns; ++column) {
    const first = digit() * 64 + digit();
    const count = digit() * 64 + digit();
    if (count === 0) shares.fill(NaN, column * bins, (column + 1) * bins);
    for (let i = 0; i < count; ++i) {
      shares[column * bins + first + i] = (digit() / 63) ** 2 * largest;
    }
  }
  return shares;
}

const dark = matchMedia('(prefers-color-scheme: dark)');

// From what nearly vanishes in the background to what stands out; diverging ones vanish in the middle.
const STOPS = {
  light: {
    sequential: ['#eef4e4', '#c3e3c4', '#7cc6c0', '#3d9bc1', '#2a64a8', '#14205c'],
    diverging: ['#08457e', '#3f8ec4', '#a9cfe6', '#f3f4f5', '#f5c199', '#dd7a32', '#8a3200'],
  },
  dark: {
    sequential: ['#20273a', '#28488a', '#2a7bb4', '#38b0ad', '#9fdc9a', '#f6f7c1'],
    diverging: ['#a6dbff', '#46a0de', '#27587e', '#262b32', '#7d4420', '#e07e36', '#ffd3a6'],
  },
};

function mixed(stops, share) {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(at), stops.length - 2);
  return [1, 3, 5].map(begin => {
    const [from, to] = [stops[index], stops[index + 1]]
      .map(stop => parseInt(stop.slice(begin, begin + 2), 16));
    return Math.round(from + (to - from) * (at - index));
  });
}

// 256 colours in the present scheme, as red, green and blue.
function palette(kind, inverted = false) {
  const stops = STOPS[dark.matches ? 'dark' : 'light'][kind];
  const colors = Array.from({length: 256}, (_, i) => mixed(stops, i / 255));
  return inverted ? colors.reverse() : colors;
}

// Cells in colours: `shareAt(column, row)` is from 0 to 1, or NaN for none. Drawn as an image that
// is enlarged, which takes a tenth of the time of as many rectangles and leaves no seams.
function paintCells(context, {left, top, width, height}, columns, rows, colors, shareAt) {
  const cells = element('canvas', {width: columns, height: rows});
  const image = new ImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; ++row) {
    for (let column = 0; column < columns; ++column, at += 4) {
      const share = shareAt(column, row);
      const isKnown = Number.isFinite(share);
      const color = isKnown ? colors[Math.round(255 * Math.min(1, Math.max(0, share)))] : [128, 128, 128];
      image.data.set(color, at);
      image.data[at + 3] = isKnown ? 255 : 45;
    }
  }
  cells.getContext('2d').putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, left, top, width, height);
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [text, quiet, line, panel, accent] = ['--text', '--quiet', '--line', '--panel', '--accent']
    .map(name => style.getPropertyValue(name).trim());
  return {text, quiet, line, panel, accent, font: getComputedStyle(document.body).fontFamily};
}

// A number as people read it: "0.0123", "1.2e-5".
function shortNumber(value) {
  if (!Number.isFinite(value)) return 'none';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(2).replace(/\.?0*e\+?/, 'e');
  return String(Number(value.toPrecision(3)));
}

const shortPercent = value => Number.isFinite(value) ? `${shortNumber(100 * value)}%` : 'none';

// Round numbers in [low, high], about `count` of them.
function linearTicks(low, high, count) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [{value: low, text: shortNumber(low)}];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(one => one >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) {
    ticks.push({value: i * step, text: tickText(i * step, step)});
  }
  return ticks;
}

function logarithmicTicks(low, high, count) {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, count);
  const stride = Math.max(1, Math.ceil(decades / count));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; ++power) {
    for (const factor of decades > 2.5 ? [1] : [1, 2, 5]) {
      const value = factor * 10 ** power;
      const isShown = factor > 1 || power % stride === 0;
      if (value >= low * 0.999 && value <= high * 1.001 && isShown && isRound(value)) {
        ticks.push({value, text: shortNumber(value)});
      }
    }
  }
  return ticks;
}

// A scale from values to 0 at the bottom and 1 at the top; NaN stays NaN.
function scaleOf(low, high, logarithmic) {
  const place = value => logarithmic ? Math.log(value) : value;
  const [begin, width] = [place(low), place(high) - place(low)];
  return {
    low, high, logarithmic,
    share: value => width > 0 ? (place(value) - begin) / width : value - value + 0.5,
    valueAt: share => logarithmic ? Math.exp(begin + share * width) : begin + share * width,
    ticks: count => logarithmic ? logarithmicTicks(low, high, count) : linearTicks(low, high, count),
  };
}

// The steps of a run's columns as places on an axis of equally wide columns.
function timeAxis(run) {
  const count = run.last.length;
  const before = Math.max(0, run.first[0] - run.every);
  const end = column => column < 0 ? before : run.last[column];
  return {
    count,
    // Where a step ends, from 0 to the number of columns.
    place(step) {
      let column = run.last.findIndex(last => last >= step);
      if (column < 0) column = count - 1;
      const [from, to] = [end(column - 1), end(column)];
      return column + Math.min(1, Math.max(0, (step - from) / (to - from)));
    },
    ticks: room => linearTicks(before, end(count - 1), Math.max(2, Math.floor(room / 90)))
      .filter(({value}) => Number.isInteger(value)),
    epochs() {
      const ends = [];
      for (let step = run.stepsPerEpoch; step < end(count - 1) && ends.length < 50;
        step += run.stepsPerEpoch) {
        if (step > before) ends.push(step);
      }
      return ends.length < 50 ? ends : [];
    },
  };
}

const MARGIN = {top: 6, right: 10, bottom: 36};

// A figure over time in `parent`. `spec` has
//   title, note, label: texts; the label names the canvas for those who do not see it
//   height, left: of the plot and of the room beside it, pixels
//   axis: a scale for numbers at the left, or null
//   paint(context, area, theme): draws what does not change with the cursor
//   readout(column, at): the numbers there, a list of {text, value, color}; `at` has the row that the
//     pointer is in, and `up`, how far up it is, from 0 to 1, where it is in this chart
//   rows: how many rows the plot has, for those with a cursor in two directions; row(): the chosen
// and `moves` what is called with a column, and a row, that the reader pointed at or chose.
class TimeChart {
  constructor(parent, time, spec, moves) {
    Object.assign(this, {time, spec, moves, column: 0});
    this.canvas = element('canvas', {tabIndex: 0});
    this.canvas.style.height = `${spec.height + MARGIN.top + MARGIN.bottom}px`;
    for (const [name, value] of Object.entries({role: 'slider', 'aria-label': spec.label,
      'aria-valuemin': 0, 'aria-valuemax': time.count - 1, 'aria-orientation': 'horizontal'})) {
      this.canvas.setAttribute(name, value);
    }
    this.numbers = element('div', {className: 'readout'});
    this.figure = element('figure', {},
      element('figcaption', {}, spec.title, element('span', {textContent: spec.note})),
      this.numbers, this.canvas);
    parent.append(this.figure);
    this.base = document.createElement('canvas');
    this.listen();
  }

  listen() {
    const at = event => {
      const box = this.canvas.getBoundingClientRect();
      const {left, top, width, height} = this.area();
      const inside = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value * count)));
      const column = inside((event.clientX - box.left - left) / width, this.time.count);
      const up = (event.clientY - box.top - top) / height;
      return {column, row: this.spec.rows ? inside(up, this.spec.rows) : undefined, up: 1 - up};
    };
    this.canvas.addEventListener('pointermove', event => this.moves.point(this, at(event)));
    this.canvas.addEventListener('pointerleave', () => this.moves.leave());
    this.canvas.addEventListener('click', event => this.moves.choose(at(event)));
    this.canvas.addEventListener('keydown', event => {
      const steps = {ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9};
      const rows = this.spec.rows ? {ArrowUp: -1, ArrowDown: 1} : {ArrowUp: 0, ArrowDown: 0};
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key in steps) this.moves.step(steps[event.key], 0);
      else if (this.spec.rows && event.key in rows) this.moves.step(0, rows[event.key]);
      else return;
      event.preventDefault();
    });
  }

  area() {
    return {left: this.spec.left, top: MARGIN.top, height: this.spec.height,
      width: Math.max(10, this.canvas.clientWidth - this.spec.left - MARGIN.right)};
  }

  x(column) {
    const {left, width} = this.area();
    return left + column * width / this.time.count;
  }

  // Draws all again, as after a change of numbers, size or colours.
  draw() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    for (const canvas of [this.canvas, this.base]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    const context = this.base.getContext('2d');
    context.scale(ratio, ratio);
    this.theme = theme();
    this.drawAxes(context, 'behind');
    this.spec.paint(context, this.area(), this.theme, column => this.x(column));
    this.drawAxes(context, 'before');
    this.show(this.column);
  }

  drawAxes(context, where) {
    const {left, top, width, height} = this.area();
    const {quiet, line, font} = this.theme;
    Object.assign(context, {font: `12px ${font}`, fillStyle: quiet, strokeStyle: line, lineWidth: 1});
    const stroke = (x1, y1, x2, y2) => {
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    };
    const y = share => Math.round(top + height * (1 - share)) + 0.5;
    const isFilled = this.spec.isFilled === true;
    const ticks = this.spec.axis ? this.spec.axis.ticks(Math.max(3, Math.floor(height / 30))) : [];
    if (where === 'behind') {
      if (!isFilled) {
        for (const {value} of ticks) stroke(left, y(this.spec.axis.share(value)), left + width,
          y(this.spec.axis.share(value)));
      }
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      for (const {value, text} of ticks) context.fillText(text, left - 6, y(this.spec.axis.share(value)));
    }
    // Faint where they lie on what is drawn.
    context.globalAlpha = isFilled ? 0.35 : 1;
    for (const step of isFilled === (where === 'before') ? this.time.epochs() : []) {
      const x = Math.round(this.x(this.time.place(step))) + 0.5;
      stroke(x, top, x, top + height);
    }
    context.globalAlpha = 1;
    if (where === 'behind') return;
    context.strokeRect(left - 0.5, top + 0.5, width + 1, height);
    context.textBaseline = 'top';
    context.textAlign = 'center';
    for (const {value, text} of this.time.ticks(width)) {
      const x = this.x(this.time.place(value));
      stroke(Math.round(x) + 0.5, top + height, Math.round(x) + 0.5, top + height + 4);
      context.fillText(text, x, top + height + 6);
    }
    context.fillText('step', left + width / 2, top + height + 21);
  }

  // Moves the cursor; `at` is where the pointer is.
  show(column, at = {}) {
    this.column = column;
    if (!this.theme || this.base.width < 2) return;
    const context = this.canvas.getContext('2d');
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.base, 0, 0);
    context.scale(ratio, ratio);
    const {top, height, left, width} = this.area();
    context.strokeStyle = this.theme.text;
    context.lineWidth = 1;
    const [x1, x2] = [this.x(column), this.x(column + 1)];
    context.strokeRect(Math.round(x1) - 0.5, top - 0.5, Math.max(2, Math.round(x2 - x1) + 1), height + 1);
    if (this.spec.rows) {
      const size = height / this.spec.rows;
      context.strokeStyle = this.theme.accent;
      context.lineWidth = 2;
      context.strokeRect(left, top + this.spec.row() * size, width, size);
    }
    const parts = this.spec.readout(column, at);
    this.numbers.replaceChildren(...parts.map(({text, value, color}) => {
      const key = color ? [element('i')] : [];
      if (color) key[0].style.background = color;
      return element('span', {}, ...key, text, ' ', element('b', {textContent: value}));
    }));
    this.canvas.setAttribute('aria-valuenow', column);
    this.canvas.setAttribute('aria-valuetext', this.moves.name(column) + ': ' +
      parts.map(({text, value}) => `${text} ${value}`).join(', '));
  }
}

return {unpack, unpackShares, palette, paintCells, scaleOf, timeAxis, shortNumber, shortPercent, TimeChart};
})();
