'use strict';
{
  const marks = {dense: 'rectRot', learned: 'circle', static: 'rect', random: 'triangle'};
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

  const draw = ({id, x, y, most, logarithmic, series}) => new Chart(document.getElementById(id), {
    type: 'scatter',
    data: {
      datasets: series.map(({mode, label, points}) => ({
        mode,
        label,
        data: points,
        showLine: points.length > 1,
        pointStyle: marks[mode],
        pointRadius: points.length > 40 ? 0 : points.length === 1 ? 8 : 5,
        pointHoverRadius: points.length === 1 ? 10 : 8,
        borderWidth: 2,
        clip: 12,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: {mode: 'nearest', intersect: false},
      scales: {
        x: {title: {display: true, text: x}, beginAtZero: true},
        y: {title: {display: true, text: y}, type: logarithmic ? 'logarithmic' : 'linear', ...(most && {max: most})},
      },
      plugins: {
        legend: {position: 'bottom', labels: {usePointStyle: true, boxHeight: 8, padding: 16}},
        tooltip: {displayColors: false, yAlign: 'bottom', caretPadding: 8, callbacks: {label: item => item.raw.hover}},
      },
    },
  });

  const paint = chart => {
    for (const data of chart.data.datasets) {
      data.borderColor = data.backgroundColor = colour(data.mode);
    }
    chart.options.plugins.legend.labels.color = colour('text');
    for (const axis of Object.values(chart.options.scales)) {
      axis.grid = {color: colour('line')};
      axis.ticks.color = axis.title.color = colour('faint');
    }
    chart.update('none');
  };

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const charts = JSON.parse(document.getElementById('charts').textContent).map(draw);
  const paintAll = () => charts.forEach(paint);
  paintAll();
  for (const media of ['(prefers-color-scheme: dark)', 'print']) {
    matchMedia(media).addEventListener('change', () => {
      charts.forEach(chart => chart.resize());
      paintAll();
    });
  }
}
