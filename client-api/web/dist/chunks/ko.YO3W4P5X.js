var t={},o=t;export{o as default};
