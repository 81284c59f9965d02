// As many packages are: CommonJS, with a module of Node's.
const { inspect } = require('node:util');

exports.say = (value) => inspect(value);
