import type * as Api from '@opentelemetry/api';

export type OpenTelemetryApi = typeof Api;

/** OpenTelemetry's API, which an application may have installed; loaded when it is first asked for. */
export async function openTelemetryApi(): Promise<OpenTelemetryApi | undefined> {
  try {
    return await import('@opentelemetry/api');
  } catch {
    // It is not there, so nobody collects spans.
    return undefined;
  }
}
