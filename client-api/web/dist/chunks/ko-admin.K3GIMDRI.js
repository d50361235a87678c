import"./chunk.W2O4VAJ2.js";var t={},o=t;export{o as default};
