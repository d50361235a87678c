export function showProfile(_at: DOMRect, _account: string): void {}
