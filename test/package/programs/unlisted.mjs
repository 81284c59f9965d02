const codes = {};
for (const path of process.argv.slice(2)) {
  codes[path] = await import(path).then(
    () => 'imported',
    (error) => error.code,
  );
}
console.log(JSON.stringify(codes));
