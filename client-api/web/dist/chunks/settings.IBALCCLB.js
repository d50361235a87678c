import{G as e,L as g,x as t}from"./chunk.7HPDSRKP.js";import"./chunk.W2O4VAJ2.js";function r(i){return e(g,{title:t("settings.title"),children:null})}export{r as SettingsPage};
