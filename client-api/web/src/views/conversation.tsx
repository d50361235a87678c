import { Page } from "../components/page.js";
export function ConversationPage(_: { channel: string; message: string | undefined }) {
  return <Page title="">{null}</Page>;
}
