(function () {
  "use strict";
  function all(query, within) { return Array.prototype.slice.call((within || document).querySelectorAll(query)); }

  // One measure of the matrix at a time; without this script all are shown.
  var choice = document.getElementById("measure-switch");
  if (choice) {
    var show = function () {
      var key = choice.querySelector(":checked").value;
      all(".measure").forEach(function (part) { part.classList.toggle("current", part.id === "measure-" + key); });
    };
    choice.hidden = false;
    choice.parentNode.classList.add("switched");
    choice.addEventListener("change", show);
    show();
  }

  // Every table of some length can be sorted by the columns' names.
  function key(row, index) {
    var cell = row.cells[index], value = cell.dataset.value;
    return value === undefined ? cell.textContent.trim().toLowerCase() : Number(value);
  }
  function compare(left, right) {
    if (typeof left !== typeof right) { return typeof left === "number" ? -1 : 1; }
    return typeof left === "number" ? left - right : left.localeCompare(right, undefined, { numeric: true });
  }
  function sort(head, index) {
    var up = head.getAttribute("aria-sort") !== "ascending", body = head.closest("table").tBodies[0];
    all("th", head.parentNode).forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    all("tr", body).map(function (row) { return [key(row, index), row]; })
      .sort(function (a, b) { return compare(a[0], b[0]) * (up ? 1 : -1); })
      .forEach(function (pair) { body.appendChild(pair[1]); });
  }
  all("table.sortable").forEach(function (table) {
    all("thead th", table).forEach(function (head, index) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () { sort(head, index); });
    });
  });

  // The prompts can be searched and chosen by theme and by what a model prefers.
  var table = document.getElementById("table-probes");
  if (table) {
    var rows = all("tbody tr", table), tools = document.getElementById("probe-tools");
    var find = document.getElementById("probe-find"), theme = document.getElementById("probe-theme");
    var side = document.getElementById("probe-side"), model = document.getElementById("probe-model");
    var shown = document.getElementById("probe-count"), themes = {};
    rows.forEach(function (row) { themes[row.dataset.theme] = true; });
    Object.keys(themes).sort().forEach(function (name) { theme.add(new Option(name, name)); });
    var fits = function (row) {
      var sides = row.dataset.sides.split(" "), wanted = find.value.trim().toLowerCase();
      var asked = model.value === "" ? sides : [sides[Number(model.value)]];
      return (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0) &&
        (!theme.value || row.dataset.theme === theme.value) && (!side.value || asked.indexOf(side.value) >= 0);
    };
    var filter = function () {
      rows.forEach(function (row) { row.hidden = !fits(row); });
      shown.textContent = rows.filter(function (row) { return !row.hidden; }).length + " of " + rows.length + " prompts";
    };
    tools.addEventListener("input", filter);
    tools.addEventListener("reset", function () { setTimeout(filter, 0); });
    tools.addEventListener("submit", function (event) { event.preventDefault(); });
    tools.hidden = false;
    filter();
  }

  // A box that has nothing to scroll is no stop for the keyboard.
  function stops() {
    all(".scroll, .panel").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) { box.tabIndex = 0; }
      else { box.removeAttribute("tabindex"); }
    });
  }
  stops();
  window.addEventListener("resize", stops);
  document.addEventListener("toggle", stops, true);

  // Print everything that is folded, then fold it again.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details:not([open])");
    opened.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (fold) { fold.open = false; }); });

  // The table of contents shows where the reader is.
  var links = {};
  all("nav a").forEach(function (link) { links[link.getAttribute("href").slice(1)] = link; });
  if ("IntersectionObserver" in window) {
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting || !links[entry.target.id]) { return; }
        all("nav a[aria-current]").forEach(function (link) { link.removeAttribute("aria-current"); });
        links[entry.target.id].setAttribute("aria-current", "true");
      });
    }, { rootMargin: "-20% 0px -75% 0px" });
    all("main section").forEach(function (section) { watcher.observe(section); });
  }
}());
