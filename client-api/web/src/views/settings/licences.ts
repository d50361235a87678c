// Whose work is in the bundle besides our own; all of it under the MIT licence.
export const LICENCES = [
  { names: ["preact"], copyright: "Copyright (c) 2015-present Jason Miller" },
  {
    names: ["@preact/signals", "@preact/signals-core"],
    copyright: "Copyright (c) 2022-present Preact Team",
  },
  {
    names: ["micromark", "mdast-util-from-markdown", "mdast-util-gfm", "unist-util"],
    copyright: "Copyright (c) Titus Wormer <tituswormer@gmail.com>",
  },
];

export const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.`;
