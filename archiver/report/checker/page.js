// What the reader sees and does. Nothing here sends anything anywhere: the page's policy forbids it.

const element = (id) => document.getElementById(id);

function show(word, title, lines) {
  element("verdict").textContent = word;
  element("verdict").dataset.word = word;
  element("meaning").textContent = title;
  element("checked").textContent = lines;
  element("result").hidden = false;
}

function showFaults(faults) {
  const body = element("faults").querySelector("tbody");
  body.replaceChildren(
    ...faults.map((one) => {
      const row = document.createElement("tr");
      for (const value of [one.code, one.subject, one.message]) row.insertCell().textContent = value;
      return row;
    }),
  );
  element("faults").hidden = faults.length === 0;
  element("steps").replaceChildren(
    ...steps(faults.map((one) => one.code)).map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}

const MEANING = {
  VERIFIED: "Of what this page checks, everything is as the signed ledger has it.",
  FAILED: "Something is missing, was changed, or does not belong here.",
  INCOMPLETE: "Nothing was found changed, but not everything could be read.",
};

let busy = false;

async function check(collect) {
  if (busy) return;
  busy = true;
  element("result").hidden = true;
  element("progress").hidden = false;
  element("bar").value = 0;
  try {
    const started = performance.now();
    let files;
    const collected = new Faults();
    await collected.of("the archive", async () => (files = await collect()));
    const answer = files
      ? await checkBundle(files, element("key").value, (done, total) => (element("bar").value = total ? done / total : 1))
      : { word: collected.word, faults: collected.found, checked: {} };
    const { checked } = answer;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const signed = checked.origin ? ` under the checkpoint of ${visible(checked.origin)} over ${checked.size} entries` : "";
    showFaults(answer.faults);
    show(answer.word, MEANING[answer.word], `${checked.files ?? 0} files and ${checked.entries ?? 0} entries${signed}, in ${seconds} s.`);
    element("confirm").hidden = answer.word === "FAILED" || element("key").value.trim() !== "";
  } catch (error) {
    showFaults([]);
    show("INCOMPLETE", `This page could not finish (${visible(String(error))}). Use verify.pyz.`, "");
  } finally {
    element("progress").hidden = true;
    busy = false;
  }
}

// Files below the folder with bagit.txt, whichever folder around it was handed over.
function rooted(files) {
  const root = files.map((one) => /^(?:.*\/)?(?=bagit\.txt$)/.exec(one.path)?.[0]).filter((one) => one !== undefined);
  const shortest = root.sort((one, other) => one.length - other.length)[0] ?? files[0]?.path.replace(/[^/]*$/, "").split("/")[0] + "/";
  const top = files.every((one) => one.path.startsWith(shortest)) ? shortest : "";
  return files.map((one) => ({ ...one, path: one.path.slice(top.length) }));
}

// A dropped folder's files, by whichever of two interfaces the browser has for a page that lies on a disk.
async function filesIn(folder, prefix, found) {
  for await (const one of folder.values?.() ?? entriesOf(folder)) {
    require(found.length <= LAYOUT.maxFiles, "too-many-files", `there are more than ${LAYOUT.maxFiles} files`);
    const path = `${prefix}${one.name}`;
    if (one.kind === "file") found.push({ path, blob: await one.getFile() });
    else if (one.isFile) found.push({ path, blob: await new Promise((good, bad) => one.file(good, bad)) });
    else await filesIn(one, `${path}/`, found);
  }
  return found;
}

async function* entriesOf(folder) {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return;
    yield* some;
  }
}

// Everything is asked of the item at once: the browser takes it back when the event is over.
async function dropped([item, ...more]) {
  require(item?.kind === "file" && !more.length, "bundle-not-a-folder", "drop one folder, or one zip");
  const file = item.getAsFile();
  const entry = item.webkitGetAsEntry?.();
  const handle = await item.getAsFileSystemHandle?.().catch(() => null);
  const folder = handle?.kind === "directory" ? handle : entry?.isDirectory ? entry : null;
  return folder ? rooted(await filesIn(folder, `${folder.name}/`, [])) : unzipped(file);
}

element("folder").addEventListener("change", ({ target }) => {
  const files = Array.from(target.files, (one) => ({ path: one.webkitRelativePath || one.name, blob: one }));
  target.value = ""; // so that the same one can be chosen again
  if (files.length) check(() => rooted(files));
});
element("zip").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) check(() => unzipped(file));
});
element("drop").addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").classList.add("over");
});
element("drop").addEventListener("dragleave", () => element("drop").classList.remove("over"));
element("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").classList.remove("over");
  const answer = dropped(event.dataTransfer.items);
  answer.catch(() => {}); // told by `check`
  check(() => answer);
});
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
