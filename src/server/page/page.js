"use strict";
fetch("/page.json").then((answer) => answer.json()).then((data) => {
  document.getElementById("data").textContent = JSON.stringify(data, null, 2);
});
