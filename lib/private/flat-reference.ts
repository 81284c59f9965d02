/** A resource as cdk-nag writes it in the id of a finding: references in angle brackets. */
export function flatReference(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `<${value.Ref}>`;
  if ('Fn::GetAtt' in value) return `<${(value['Fn::GetAtt'] as string[]).join('.')}>`;
  if ('Fn::Join' in value) return (value['Fn::Join'] as [string, unknown[]])[1].map(flatReference).join('');
  return JSON.stringify(value);
}
