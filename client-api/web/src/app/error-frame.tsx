import { Component, type ComponentChildren } from "preact";
import { t } from "../i18n/index.js";
import { Button } from "../components/button.js";

/** Shows what failed in place of a page that is half drawn. */
export class ErrorFrame extends Component<{ children: ComponentChildren }, { error?: unknown }> {
  override componentDidCatch(error: unknown): void {
    this.setState({ error });
  }

  render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <main class="entrance">
        <div class="entrance-card" role="alert">
          <h1>{t("error.title")}</h1>
          <p>{error instanceof Error ? error.message : String(error)}</p>
          <Button kind="primary" onClick={() => location.reload()}>{t("error.reload")}</Button>
        </div>
      </main>
    );
  }
}
