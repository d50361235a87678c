import{G as i,L as n,x as t}from"./chunk.7HPDSRKP.js";import"./chunk.W2O4VAJ2.js";function r(e){return i(n,{title:t("settings.admin"),children:null})}export{r as AdminPage};
