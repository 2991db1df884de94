import { draw } from "../src/index";

const root = document.getElementById("root");
if (root) draw(root, [{ tree: "cedar", size: 30 }, { tree: "ash", size: 4 }, { tree: "birch", size: 100 }]);
