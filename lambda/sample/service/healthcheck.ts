/** The container's health check: exits 0 when the service answers. */
const { PORT = '8080' } = process.env;
const { ok } = await fetch(`http://127.0.0.1:${PORT}/healthy`).catch(() => ({ ok: false }));
process.exit(ok ? 0 : 1);
