(function () {
  var table = document.getElementById("regions"), body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows), heads = table.tHead.rows[0].cells;
  var find = document.getElementById("find"), verdict = document.getElementById("verdict");
  function fits(row) {
    var cell = verdict.value ? row.querySelector('td[data-v="' + verdict.value + '"]') : null;
    if (cell !== null) { if (cell.textContent === "") { return false; } }
    return row.cells[0].textContent.toLowerCase().indexOf(find.value.trim().toLowerCase()) !== -1;
  }
  function narrow() {
    var shown = 0;
    rows.forEach(function (row) { row.hidden = !fits(row); shown += row.hidden ? 0 : 1; });
    document.getElementById("shown").textContent = shown + " / " + rows.length;
  }
  function value(row, k) {
    var told = row.cells[k].getAttribute("data-n");
    return parseFloat(told === null ? row.cells[k].textContent : told);
  }
  function compare(a, b, k, sign) {
    if (k === 0) { return sign * a.cells[0].textContent.localeCompare(b.cells[0].textContent, "zh"); }
    var x = value(a, k), y = value(b, k);
    if (isNaN(x) || isNaN(y)) { return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0); }
    return sign * (x - y);
  }
  function sort(k) {
    var now = heads[k].getAttribute("aria-sort");
    var up = k === 0 ? now !== "ascending" : now === "descending";
    Array.prototype.forEach.call(heads, function (head) { head.removeAttribute("aria-sort"); });
    heads[k].setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.sort(function (a, b) { return compare(a, b, k, up ? 1 : -1); });
    rows.forEach(function (row) { body.appendChild(row); });
  }
  find.addEventListener("input", narrow);
  verdict.addEventListener("change", narrow);
  Array.prototype.forEach.call(heads, function (head, k) {
    head.querySelector("button").addEventListener("click", function () { sort(k); });
  });
})();
